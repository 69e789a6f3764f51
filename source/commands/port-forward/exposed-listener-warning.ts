/** What is said of a forward that others can reach: on stderr, as a person and as a script. */
import {isLoopback} from '../../cluster/transport/loopback.ts';
import {joinHostPort} from '../../cluster/transport/server-url.ts';
import type {ForwardEvent} from '../../streams/port-forward/forward-event.ts';

type Listening = Extract<ForwardEvent, {event: 'ready'}>['listen'][number];

/** One line for an address that is not loopback, `null` for one that is. */
export function exposedListenerWarning({address, port}: Listening): string | null {
	return isLoopback(address)
		? null
		: `warning: everybody who reaches ${joinHostPort(address, port)} can use this forward with your rights, as long as it lasts`;
}
