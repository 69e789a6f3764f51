/** `spoke forwards stop`. */
import process from 'node:process';
import {setTimeout as delay} from 'node:timers/promises';
import {sendControlRequest} from '../../detached-forwards/control-socket.ts';
import {
	localPorts,
	matchingForwards,
	removeForwardFiles,
	unknownForward,
	type DetachedForwardState,
	type FoundForward,
} from '../../detached-forwards/detached-forward-state.ts';
import {isProcessRunning, type ProcessIdentity} from '../../detached-forwards/process-identity.ts';
import {SpokeError} from '../../errors/spoke-error.ts';
import {noticeLine} from '../../output/notice-line.ts';
import {sanitizeLine} from '../../text/sanitize.ts';
import type {ForwardsInvocation} from './spec.ts';

/** A forward closes its tunnels at once, but a busy machine can take longer. */
const endTimeoutMs = 10_000;
const lookIntervalMs = 20;

/**
Resolves when the forwards have ended.
@throws SpokeError ERR_FORWARD_UNKNOWN for the first name that fits none, after the others have ended, and ERR_DETACHED_FORWARD
*/
export async function stopForwards(
	{flags, stdout, stderr}: ForwardsInvocation,
	forwards: readonly FoundForward[],
	{directory, names}: {directory: string | null; names: readonly string[]},
): Promise<void> {
	const chosen = flags.all ? forwards : [...new Set(names.flatMap(name => matchingForwards(forwards, name)))];
	if (flags.all && chosen.length === 0) {
		stderr.write(noticeLine('no detached forwards', stderr));
	}

	await Promise.all(
		chosen.map(async ({state, isRunning}) => {
			if (isRunning) {
				await stop(state);
			}

			await removeForwardFiles(directory!, state.id);
			stdout.write(`${sanitizeLine(state.name)}${otherPorts(state)} ${isRunning ? 'stopped' : 'had already ended'}\n`);
		}),
	);
	const unknown = names.find(name => matchingForwards(forwards, name).length === 0);
	if (unknown !== undefined) {
		throw unknownForward(unknown);
	}
}

/** A name has one of the local ports; all of them end together. */
function otherPorts(state: DetachedForwardState): string {
	const ports = localPorts(state);
	return ports.length > 1 ? ` (local ports ${ports.join(', ')})` : '';
}

async function stop({name, process: forward, socket}: DetachedForwardState): Promise<void> {
	await sendControlRequest(socket, 'stop').catch(async () => terminate(forward));
	const deadline = performance.now() + endTimeoutMs;
	while (await isProcessRunning(forward)) {
		await delay(lookIntervalMs);
		if (performance.now() > deadline) {
			throw new SpokeError('ERR_DETACHED_FORWARD', `${name} (process ${forward.pid}) did not exit within ${endTimeoutMs / 1000} s`, {
				remedy: `kill -KILL ${forward.pid}`,
			});
		}
	}
}

/** The socket does not respond: SIGTERM ends the forward too. */
async function terminate(forward: ProcessIdentity): Promise<void> {
	if (!(await isProcessRunning(forward))) {
		return;
	}

	try {
		process.kill(forward.pid, 'SIGTERM');
	} catch (error) {
		// It can end after the check.
		if ((error as NodeJS.ErrnoException).code !== 'ESRCH') {
			throw error;
		}
	}
}
