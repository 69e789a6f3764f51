/** What did the remote command come to, by the Status that ends its streams? */
import {SpokeError} from '../errors/spoke-error.ts';

/**
- `success`: one explicit Success
- `exit`: the command ended with another status, 1 to 255
- `failure`: it could not be run, its stream failed, or its status is none that can be passed on; `message` is the server's own
- `unreadable`: something else than one Status; the result is not known
*/
export type CommandResult =
	| {kind: 'success'}
	| {kind: 'exit'; exitStatus: number; message: string}
	| {kind: 'failure'; message: string; reason: string | null; code: number | null}
	| {kind: 'unreadable'; text: string};

/** A Status of a command is a few hundred bytes; more is somebody's attack or mistake. */
export const maxStatusBytes = 1 << 20;

/** More came on the error channel than is read. */
export function statusTooLong(): SpokeError {
	return new SpokeError(
		'ERR_PROTOCOL',
		`the status of the command is longer than ${maxStatusBytes >> 20} MiB, so its result is not known`,
		{leg: 2},
	);
}

/**
Reads all bytes of the error channel. Nothing at all is `unreadable`: exit 0 needs a Success that was said.
@see k8s.io/apimachinery/pkg/util/remotecommand/constants.go, client-go tools/remotecommand/v4.go
*/
export function parseStatusMessage(bytes: Buffer): CommandResult {
	const text = bytes.toString();
	const status = bytes.length <= maxStatusBytes ? parseObject(text) : undefined;
	return (status && resultOf(status)) ?? {kind: 'unreadable', text: text.slice(0, 4096)};
}

/** `undefined` for a Status that says nothing of a result. */
function resultOf(status: Record<string, unknown>): CommandResult | undefined {
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

function exitOf(status: Record<string, unknown>): CommandResult | undefined {
	const exitStatus = exitStatusOf(status);
	if (exitStatus === undefined) {
		return undefined;
	}

	// Windows has larger ones: no process here can end with them, and 256 would be taken for 0.
	return exitStatus > 255 ? failureOf(status) : {kind: 'exit', exitStatus, message: messageOf(status)};
}

function failureOf(status: Record<string, unknown>): CommandResult {
	const {reason, code} = status;
	return {
		kind: 'failure',
		message: messageOf(status),
		reason: typeof reason === 'string' ? reason : null,
		code: typeof code === 'number' ? code : null,
	};
}

function messageOf({message}: Record<string, unknown>): string {
	return typeof message === 'string' ? message : '';
}

/** As a cause with the reason ExitCode says it; `undefined` for what is no status other than 0. */
function exitStatusOf({details}: Record<string, unknown>): number | undefined {
	const causes: readonly unknown[] = isObject(details) && Array.isArray(details['causes']) ? details['causes'] : [];
	const text = causes.find((cause): cause is Record<string, unknown> => isObject(cause) && cause['reason'] === 'ExitCode')?.['message'];
	return typeof text === 'string' && /^\d{1,10}$/.test(text) && Number(text) > 0 ? Number(text) : undefined;
}

function parseObject(text: string): Record<string, unknown> | undefined {
	try {
		const value: unknown = JSON.parse(text);
		return isObject(value) ? value : undefined;
	} catch {
		return undefined;
	}
}

function isObject(value: unknown): value is Record<string, unknown> {
	return typeof value === 'object' && value !== null && !Array.isArray(value);
}
