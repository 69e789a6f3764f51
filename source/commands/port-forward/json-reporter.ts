/** The events of port-forward as JSON lines (schemas/port-forward-event.json). */
import process from 'node:process';
import type {Writable} from 'node:stream';
import {jsonObject, writeJsonLine} from '../../output/json-line.ts';
import type {ForwardReporter} from './forward-reporter.ts';

export function jsonReporter(stdout: Writable): ForwardReporter {
	const line = (fields: object) => {
		writeJsonLine(stdout, jsonObject('PortForwardEvent', fields));
	};

	return {
		event(event) {
			line(event.event === 'ready' ? {...event, pid: process.pid} : event);
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
