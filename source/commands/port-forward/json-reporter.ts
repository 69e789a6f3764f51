/** JSON output of port-forward: schemas/port-forward-event.json. */
import process from 'node:process';
import {describeForwardUsers} from '../../descriptions/describe-forward-event.ts';
import type {SpokeError} from '../../errors/spoke-error.ts';
import {jsonObject, writeJsonLine} from '../../output/json-line.ts';
import {noticeLine} from '../../output/notice-line.ts';
import {forwardLine, type ForwardReporter} from './text-reporter.ts';

type Output = Pick<NodeJS.WriteStream, 'write'> & {isTTY?: boolean};

/** Events go to `output`; warnings also to stderr. */
export function jsonReporter(output: Output, stderr: Output): ForwardReporter {
	const line = (fields: object) => {
		writeJsonLine(output, jsonObject('PortForwardEvent', fields));
	};

	return {
		event(event) {
			line(event.event === 'ready' ? {...event, pid: process.pid} : event);
			for (const warning of event.event === 'ready' ? event.listen.flatMap(listening => describeForwardUsers(listening)) : []) {
				stderr.write(noticeLine(forwardLine(warning, ''), stderr));
			}
		},
		allReady(targets) {
			const forwards = targets.reduce((sum, {ports}) => sum + ports.length, 0);
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

const reasons: Readonly<Partial<Record<SpokeError['code'], string>>> = {
	ERR_TARGET_GONE: 'target-gone',
	ERR_PORT_IN_USE: 'bind-failed',
	ERR_NOT_FOUND: 'not-found',
	ERR_FORBIDDEN: 'forbidden',
	ERR_CREDENTIALS: 'credentials',
	ERR_CREDENTIAL_PLUGIN: 'credentials',
	ERR_CLIENT_CERTIFICATE: 'credentials',
	ERR_APISERVER_UNREACHABLE: 'unreachable',
	ERR_APISERVER_TIMEOUT: 'unreachable',
};

/** `reason` of the `ended` event. */
export function endReasonFor({code}: SpokeError): string {
	return reasons[code] ?? 'error';
}
