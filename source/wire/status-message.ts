/** Result of a remote command. */
import {SpokeError} from '../errors/spoke-error.ts';
import {isJsonObject, type JsonObject} from './json.ts';

/**
- `success`: one explicit Success
- `exit`: exit status 1 to 255
- `failure`: not started, its stream failed, or an exit status above 255; `message` is the server's
- `unreadable`: not exactly one valid Status
*/
export type CommandResult =
	| {kind: 'success'}
	| {kind: 'exit'; exitStatus: number; message: string}
	| {kind: 'failure'; message: string; reason: string | null; code: number | null}
	| {kind: 'unreadable'; text: string};

/** A Status has a few hundred bytes. */
export const maxStatusBytes = 1 << 20;

export function statusTooLong(): SpokeError {
	return new SpokeError('ERR_PROTOCOL', `the status of the command is longer than ${maxStatusBytes >> 20} MiB, so its result is unknown`, {
		leg: 2,
	});
}

/**
`bytes` is the whole error channel. Exit 0 requires an explicit Success.
@see k8s.io/apimachinery/pkg/util/remotecommand/constants.go, client-go tools/remotecommand/v4.go
*/
export function parseStatusMessage(bytes: Buffer): CommandResult {
	const text = bytes.toString();
	const status = bytes.length <= maxStatusBytes ? parseObject(text) : undefined;
	return (status && resultOf(status)) ?? {kind: 'unreadable', text: text.slice(0, 4096)};
}

function resultOf(status: JsonObject): CommandResult | undefined {
	switch (status['status']) {
		case 'Success': {
			return {kind: 'success'};
		}

		case 'Failure': {
			return status['reason'] === 'NonZeroExitCode' ? exitOf(status) : failureOf(status);
		}

		default: {
			return undefined;
		}
	}
}

function exitOf(status: JsonObject): CommandResult | undefined {
	const exitStatus = exitStatusOf(status);
	if (exitStatus === undefined) {
		return undefined;
	}

	// Windows containers can exit with more than 255. A local process cannot: 256 would become 0.
	return exitStatus > 255 ? failureOf(status) : {kind: 'exit', exitStatus, message: messageOf(status)};
}

function failureOf(status: JsonObject): CommandResult {
	const {reason, code} = status;
	return {
		kind: 'failure',
		message: messageOf(status),
		reason: typeof reason === 'string' ? reason : null,
		code: typeof code === 'number' ? code : null,
	};
}

function messageOf({message}: JsonObject): string {
	return typeof message === 'string' ? message : '';
}

/** `undefined` for 0 or an invalid number. */
function exitStatusOf({details}: JsonObject): number | undefined {
	const causes: readonly unknown[] = isJsonObject(details) && Array.isArray(details['causes']) ? details['causes'] : [];
	const text = causes.find((cause): cause is JsonObject => isJsonObject(cause) && cause['reason'] === 'ExitCode')?.['message'];
	return typeof text === 'string' && /^\d{1,10}$/.test(text) && Number(text) > 0 ? Number(text) : undefined;
}

function parseObject(text: string): JsonObject | undefined {
	try {
		const value: unknown = JSON.parse(text);
		return isJsonObject(value) ? value : undefined;
	} catch {
		return undefined;
	}
}
