/** The events of port-forward as JSON lines (schemas/port-forward-event.json). */
import process from 'node:process';
import type {Writable} from 'node:stream';
import {jsonObject, writeJsonLine} from '../../output/json-line.ts';
import {noticeLine} from '../../output/notice-line.ts';
import type {ForwardReporter} from './forward-reporter.ts';
import {exposedListenerWarning} from './exposed-listener-warning.ts';

type Output = Pick<NodeJS.WriteStream, 'write'> & {isTTY?: boolean};

/** That others can reach a forward is said on stderr as well, where a person sees it. */
export function jsonReporter(stdout: Writable, stderr: Output): ForwardReporter {
	const line = (fields: object) => {
		writeJsonLine(stdout, jsonObject('PortForwardEvent', fields));
	};

	return {
		event(event) {
			line(event.event === 'ready' ? {...event, pid: process.pid} : event);
			for (const warning of event.event === 'ready' ? event.listen.map(listening => exposedListenerWarning(listening)) : []) {
				stderr.write(warning ? noticeLine(warning, stderr) : '');
			}
		},
		allReady(forwards) {
			line({event: 'all-ready', forward: null, forwards, pid: process.pid});
		},
		path(forward, path) {
			line({event: 'path', forward, path});
		},
		ended(ended) {
			line({event: 'ended', forward: null, ...ended});
		},
	};
}
