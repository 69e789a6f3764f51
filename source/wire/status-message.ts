/** What did the remote command come to, by the Status that ends its streams? */

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

/**
Reads all bytes of the error channel. Nothing at all is `unreadable`: exit 0 needs a Success that was said.
@see k8s.io/apimachinery/pkg/util/remotecommand/constants.go, client-go tools/remotecommand/v4.go
*/
export function readStatusMessage(bytes: Buffer): CommandResult {
	const text = bytes.toString();
	const status = bytes.length <= maxStatusBytes ? parseObject(text) : undefined;
	if (!status) {
		return {kind: 'unreadable', text: text.slice(0, 4096)};
	}

	const message = typeof status['message'] === 'string' ? status['message'] : '';
	if (status['status'] === 'Success') {
		return {kind: 'success'};
	}

	if (status['status'] !== 'Failure') {
		return {kind: 'unreadable', text: text.slice(0, 4096)};
	}

	const reason = typeof status['reason'] === 'string' ? status['reason'] : null;
	if (reason === 'NonZeroExitCode') {
		const exitStatus = exitStatusOf(status);
		if (exitStatus === undefined) {
			return {kind: 'unreadable', text: text.slice(0, 4096)};
		}

		// Windows has larger ones: no process here can end with them, and 256 would be taken for 0.
		if (exitStatus <= 255) {
			return {kind: 'exit', exitStatus, message};
		}
	}

	return {kind: 'failure', message, reason, code: typeof status['code'] === 'number' ? status['code'] : null};
}

function exitStatusOf(status: Record<string, unknown>): number | undefined {
	const causes = isObject(status['details']) && Array.isArray(status['details']['causes']) ? status['details']['causes'] as unknown[] : [];
	const cause = causes.find(cause => isObject(cause) && cause['reason'] === 'ExitCode') as Record<string, unknown> | undefined;
	const text = cause?.['message'];
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
