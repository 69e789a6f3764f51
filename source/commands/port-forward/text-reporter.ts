/** Text output of port-forward: kubectl's lines on stdout, others on stderr. */
import {isLoopback} from '../../cluster/transport/loopback.ts';
import {joinHostPort} from '../../cluster/transport/server-url.ts';
import type {SpokeError} from '../../errors/spoke-error.ts';
import type {Path} from '../../evidence/evidence.ts';
import {noticeLine} from '../../output/notice-line.ts';
import {fullMessage} from '../../server-messages/unwrap-message.ts';
import type {ForwardEvent, ForwardTotals} from '../../streams/port-forward/forward-event.ts';
import {sanitizeLine} from '../../text/sanitize-line.ts';

type Output = Pick<NodeJS.WriteStream, 'write'> & {isTTY?: boolean};

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
			printEvent(event, say, note);
			if (event.event === 'ready') {
				remotePorts.set(event.forward, event.remotePort);
			} else if (event.event === 'connection-opened') {
				localPorts.set(event.connection, event.port);
			} else if (event.event === 'connection-closed' || event.event === 'connection-failed') {
				if (event.event === 'connection-closed' && event.end === 'pod-reset') {
					note(
						`reset inside the pod: connection ${localPorts.get(event.connection)} -> ${remotePorts.get(event.forward)}, after ${event.up} bytes sent and ${event.down} received`,
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

function printEvent(event: ForwardEvent, say: (text: string) => void, note: (text: string) => void): void {
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
			note(`note: ${event.error.message}; the forward works without it [${event.error.code}]`);
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
			note(`blocked: the client of connection ${event.connection} is not reading; tunnel ${event.tunnel} accepts no new connections`);
			break;
		}

		case 'connection-flowing': {
			note(`unblocked: connection ${event.connection}`);
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
				`interrupted: ${event.error.message} (attempt ${event.attempt}${event.retryInMs > 0 ? `, next in ${event.retryInMs} ms` : ''}) [${event.error.code}]`,
			);
			break;
		}

		case 'restored': {
			note(`reconnected after ${event.outageMs} ms`);
			break;
		}

		case 'connection-closed': {
			break;
		}
	}
}

type Listening = Extract<ForwardEvent, {event: 'ready'}>['listen'][number];

export function exposedListenerWarning({address, port}: Listening): string | null {
	return isLoopback(address)
		? null
		: `warning: anyone who can reach ${joinHostPort(address, port)} can use this forward with your permissions while it runs`;
}

type ForwardRunResult = {exitStatus: number; reason: string; signal: string | null; totals: ForwardTotals; error: SpokeError | null};

export type ForwardReporter = {
	event(event: ForwardEvent): void;
	allReady(forwards: number): void;
	path(forward: string, path: Path): void;
	ended(ended: ForwardRunResult): void;
};
