/** The events of port-forward as JSON lines (schemas/port-forward-event.json). */
import process from 'node:process';
import type {ForwardEvent} from '../../sessions/forward/forward-event.ts';
import type {ForwardReporter} from './forward-reporter.ts';

export function jsonReporter(stdout: Pick<NodeJS.WriteStream, 'write'>): ForwardReporter {
	const line = (fields: {event: string; forward: string | null}) => {
		stdout.write(`${JSON.stringify({apiVersion: 'spoke/v1', kind: 'PortForwardEvent', time: new Date().toISOString(), ...fields})}\n`);
	};

	return {
		event(event) {
			line(inContract(event));
		},
		allReady(forwards) {
			line({event: 'all-ready', forward: null, forwards, pid: process.pid} as {event: string; forward: null});
		},
		path(forward, path) {
			line({event: 'path', forward, path} as {event: string; forward: string});
		},
		ended(ended) {
			line({event: 'ended', forward: null, ...ended} as {event: string; forward: null});
		},
	};
}

function inContract(event: ForwardEvent): {event: string; forward: string} {
	return event.event === 'ready' ? {...event, ...{pid: process.pid}} : event;
}
