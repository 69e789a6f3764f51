/** The events of port-forward for a person: kubectl's lines on stdout, everything else on stderr. */
import {isLoopback} from '../../cluster/transport/loopback.ts';
import {joinHostPort} from '../../cluster/transport/server-url.ts';
import {fullMessage} from '../../server-messages/full-message.ts';
import {noticeLine} from '../../output/notice-line.ts';
import type {ForwardEvent} from '../../streams/port-forward/forward-event.ts';
import {sanitizeLine} from '../../text/sanitize-line.ts';
import type {ForwardReporter} from './forward-reporter.ts';

type Output = Pick<NodeJS.WriteStream, 'write'> & {isTTY?: boolean};

/** The path line is told elsewhere, and the end by the program. */
export function textReporter(stdout: Output, stderr: Output): ForwardReporter {
	const say = (text: string) => {
		stdout.write(`${sanitizeLine(text)}\n`);
	};

	const note = (text: string) => {
		stderr.write(noticeLine(text, stderr));
	};

	const remotePorts = new Map<string, number>();
	const localPorts = new Map<string, number>();
	return {
		event(event) {
			tell(event, say, note);
			if (event.event === 'ready') {
				remotePorts.set(event.forward, event.remotePort);
			} else if (event.event === 'connection-opened') {
				localPorts.set(event.connection, event.port);
			} else if (event.event === 'connection-closed' || event.event === 'connection-failed') {
				if (event.event === 'connection-closed' && event.end === 'pod-reset') {
					note(
						`reset inside the pod: a connection of ${localPorts.get(event.connection)} -> ${remotePorts.get(event.forward)}, after ${event.up} bytes sent and ${event.down} received`,
					);
				}

				localPorts.delete(event.connection);
			}
		},
		allReady() {},
		path() {},
		ended() {},
	};
}

function tell(event: ForwardEvent, say: (text: string) => void, note: (text: string) => void): void {
	switch (event.event) {
		case 'ready': {
			for (const listening of event.listen) {
				say(`Forwarding from ${joinHostPort(listening.address, listening.port)} -> ${event.remotePort}`);
				const warning = exposedListenerWarning(listening);
				if (warning) {
					note(warning);
				}
			}

			break;
		}

		case 'bound-without': {
			note(`note: ${event.error.message}; the forward does without [${event.error.code}]`);
			break;
		}

		case 'connection-opened': {
			say(`Handling connection for ${event.port}`);
			break;
		}

		case 'connection-failed': {
			note(`an error occurred forwarding ${event.port} -> ${event.remotePort}: ${fullMessage(event.error)} [${event.error.code}]`);
			break;
		}

		case 'connection-congested': {
			note(`congested: the client of connection ${event.connection} does not read; tunnel ${event.tunnel} takes no new connections`);
			break;
		}

		case 'connection-flowing': {
			note(`flowing again: connection ${event.connection}`);
			break;
		}

		case 'moved': {
			note(
				event.reason === 'sandbox-changed'
					? `renewed: pod ${event.to.name} has a new network`
					: `moved: pod ${event.from.name} (${event.reason}) -> pod ${event.to.name}, after ${event.outageMs} ms`,
			);
			break;
		}

		case 'interrupted': {
			note(
				`interrupted: ${event.error.message} (attempt ${event.attempt}${event.retryInMs > 0 ? `, again in ${event.retryInMs} ms` : ''}) [${event.error.code}]`,
			);
			break;
		}

		case 'restored': {
			note(`restored after ${event.outageMs} ms`);
			break;
		}

		case 'connection-closed': {
			break;
		}
	}
}

type Listening = Extract<ForwardEvent, {event: 'ready'}>['listen'][number];

/** One line for an address that is not loopback, `null` for one that is. */
export function exposedListenerWarning({address, port}: Listening): string | null {
	return isLoopback(address)
		? null
		: `warning: everybody who reaches ${joinHostPort(address, port)} can use this forward with your rights, as long as it lasts`;
}
