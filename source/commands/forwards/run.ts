/** `spoke forwards`. */
import process from 'node:process';
import {setTimeout as delay} from 'node:timers/promises';
import {findStateDirectory} from '../../command-line/directories.ts';
import {exitStatus, exitStatusForSignal} from '../../errors/exit-status.ts';
import {SpokeError} from '../../errors/spoke-error.ts';
import {noticeLine} from '../../output/notice-line.ts';
import {createOutputWriter} from '../../output/output-writer.ts';
import {Sanitizer, sanitizeLine} from '../../text/sanitize.ts';
import type {Command} from '../command.ts';
import {checkSet} from './check-set.ts';
import {
	findForwards,
	forwardsDirectory,
	localPorts,
	logPath,
	matchingForwards,
	removeForwardFiles,
	type DetachedForwardState,
	type FoundForward,
} from './detached-forward-state.ts';
import {readLog} from './forward-log.ts';
import {listForwards} from './list-forwards.ts';
import {isProcessRunning} from './process-identity.ts';
import {forwardsSpec, forwardsVerbs, type ForwardsInvocation} from './spec.ts';

export const command: Command<typeof forwardsSpec.flags> = {
	spec: forwardsSpec,
	async run(invocation) {
		const {positionals, env, flags} = invocation;
		const [verb = 'list', ...names] = positionals;
		const problem = argumentProblem(verb, names, flags);
		if (problem !== null) {
			throw new SpokeError('ERR_USAGE', problem);
		}

		if (verb === 'check') {
			return checkSet(invocation, names[0]!);
		}

		const directory = findStateDirectory(env, forwardsDirectory);
		const forwards = await findForwards(directory);
		switch (verb) {
			case 'stop': {
				await stopForwards(invocation, forwards, {directory, names});
				return exitStatus.ok;
			}

			case 'logs': {
				return showLog(invocation, forwards, {directory, name: names[0]!});
			}

			default: {
				await listForwards(invocation, forwards, directory);
				return exitStatus.ok;
			}
		}
	},
};

function argumentProblem(verb: string, names: readonly string[], {all, follow, output}: ForwardsInvocation['flags']): string | null {
	if (!forwardsVerbs.some(one => one === verb)) {
		return `${JSON.stringify(verb)} must be one of ${forwardsVerbs.join(', ')}`;
	}

	if (all && verb !== 'stop') {
		return '--all applies only to stop';
	}

	if (follow && verb !== 'logs') {
		return '--follow applies only to logs';
	}

	if (output === 'json' && verb !== 'list') {
		return '-o json applies only to list';
	}

	return nameProblem(verb, names, all);
}

function nameProblem(verb: string, names: readonly string[], all: boolean): string | null {
	if (verb === 'list') {
		return names.length === 0 ? null : `list takes no name, got ${names.join(' ')}`;
	}

	if (verb === 'logs' || verb === 'check') {
		const what = verb === 'logs' ? 'name or local port' : 'set or file';
		return names.length === 1 ? null : `${verb} takes one ${what}, got ${names.length}`;
	}

	if (all) {
		return names.length === 0 ? null : '--all cannot be used with names';
	}

	return names.length === 0 ? 'stop takes names or local ports, or --all' : null;
}

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
			// A name has one of the local ports; all of them end together.
			const ports = localPorts(state);
			const all = ports.length > 1 ? ` (local ports ${ports.join(', ')})` : '';
			stdout.write(`${sanitizeLine(state.name)}${all} ${isRunning ? 'stopped' : 'had already ended'}\n`);
		}),
	);
	const unknown = names.find(name => matchingForwards(forwards, name).length === 0);
	if (unknown !== undefined) {
		throw unknownForward(unknown);
	}
}

/** A forward closes its tunnels at once, but a busy machine can take longer. */
const endTimeoutMs = 10_000;
const lookIntervalMs = 20;

async function stop({name, process: forward}: DetachedForwardState): Promise<void> {
	try {
		process.kill(forward.pid, 'SIGTERM');
	} catch (error) {
		// It can end after it was found.
		if ((error as NodeJS.ErrnoException).code !== 'ESRCH') {
			throw error;
		}
	}

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

/** Of several forwards with the name, the last one. @throws SpokeError ERR_FORWARD_UNKNOWN, ERR_LOCAL_FILE */
async function showLog(
	{flags, stdout, interrupted}: ForwardsInvocation,
	forwards: readonly FoundForward[],
	{directory, name}: {directory: string | null; name: string},
): Promise<number> {
	const state = matchingForwards(forwards, name).at(-1)?.state;
	if (!state) {
		throw unknownForward(name);
	}

	const output = createOutputWriter(stdout);
	const sanitizer = new Sanitizer();
	const signal = AbortSignal.any([interrupted, output.closed]);
	const follows = async () => flags.follow && isProcessRunning(state.process);
	try {
		for await (const bytes of readLog(logPath(directory!, state.id), {follows, signal})) {
			await output.write(sanitizer.write(bytes));
		}
	} catch (error) {
		throw (error as NodeJS.ErrnoException).syscall === 'open'
			? new SpokeError('ERR_LOCAL_FILE', `cannot read the log of ${state.name}: ${(error as Error).message}`, {cause: error})
			: error;
	}

	await output.write(sanitizer.end());
	await output.finished();
	return interrupted.aborted ? exitStatusForSignal(interrupted.reason) : exitStatus.ok;
}

function unknownForward(name: string): SpokeError {
	return new SpokeError('ERR_FORWARD_UNKNOWN', `no detached forward has the name or local port ${JSON.stringify(name)}`);
}
