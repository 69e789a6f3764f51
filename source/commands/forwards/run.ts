/** `spoke forwards`. */
import process from 'node:process';
import {setTimeout as delay} from 'node:timers/promises';
import {readFile} from 'node:fs/promises';
import {join} from 'node:path';
import {findStateDirectory} from '../../base/command-line/private-files.ts';
import {exitStatus, exitStatusForSignal} from '../../base/errors/exit-status.ts';
import {SpokeError, isSpokeError} from '../../base/errors/spoke-error.ts';
import {noticeLine, createOutputWriter, jsonObject, writeJsonLine} from '../../report/output/output-writer.ts';
import {Sanitizer, sanitizeLine} from '../../base/text/sanitize.ts';
import type {Command} from '../command.ts';
import {
	findForwards,
	forwardsDirectory,
	localPorts,
	logPath,
	matchingForwards,
	removeForwardFiles,
	type DetachedForwardState,
	type FoundForward,
	type ForwardStatus,
	readLog,
	isProcessRunning,
} from './detached-forward-state.ts';
import {forwardsSpec, forwardsVerbs, type ForwardsInvocation} from './spec.ts';
import {joinHostPort} from '../../cluster/transport/server-url.ts';
import {clockTime, formatQuantity} from '../../base/text/formats.ts';
import {
	readForwardFile,
	type ForwardFileEntry,
	forwardSetNames,
	forwardSetsDirectory,
	isForwardSetName,
} from '../../base/command-line/forward-file.ts';
import {validateForward} from '../../streams/port-forward/forward-request.ts';
import {parseListenAddresses} from '../../streams/port-forward/local-listener.ts';
import {assertUsage} from '../usage.ts';
import {assertUniquePorts, parseForwardEntries} from '../port-forward/forward-arguments.ts';

export const command: Command<typeof forwardsSpec.flags> = {
	spec: forwardsSpec,
	async run(invocation) {
		const {positionals, env} = invocation;
		const [verb = 'list', ...names] = positionals;
		assertArguments(verb, names, invocation);
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

/** Flags of one verb. */
const verbFlags = {all: 'stop', follow: 'logs', output: 'list'};

const singleNames: Readonly<Record<string, string>> = {logs: 'name or local port', check: 'set or file'};

/** @throws SpokeError ERR_USAGE */
function assertArguments(verb: string, names: readonly string[], {flags, given}: ForwardsInvocation): void {
	for (const [flag, only] of Object.entries(verbFlags)) {
		assertUsage(!given.has(flag) || only === verb, `--${flag} applies only to ${only}`);
	}

	const known: readonly string[] = forwardsVerbs;
	assertUsage(known.includes(verb), `${JSON.stringify(verb)} must be one of ${known.join(', ')}`);
	assertUsage(verb !== 'list' || names.length === 0, `list takes no name, got ${names.join(' ')}`);
	assertUsage(verb !== 'stop' || flags.all !== names.length > 0, 'stop takes either names or local ports, or --all');
	const single = singleNames[verb];
	assertUsage(single === undefined || names.length === 1, `${verb} takes one ${single}, got ${names.length}`);
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
		chosen.map(async ({state, condition}) => {
			if (condition !== 'ended') {
				await stop(state);
			}

			await removeForwardFiles(directory!, state.id);
			// A name has one of the local ports; all of them end together.
			const ports = localPorts(state);
			const all = ports.length > 1 ? ` (local ports ${ports.join(', ')})` : '';
			stdout.write(`${sanitizeLine(state.name)}${all} ${condition === 'ended' ? 'had already ended' : 'stopped'}\n`);
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

/** Reports forwards that have ended, and removes their files. */
async function listForwards(
	{flags, stdout, stderr}: ForwardsInvocation,
	forwards: readonly FoundForward[],
	directory: string | null,
): Promise<void> {
	if (forwards.length === 0) {
		stderr.write(noticeLine('no detached forwards', stderr));
	}

	for (const forward of forwards) {
		const {id} = forward.state;
		if (flags.output === 'json') {
			writeJsonLine(stdout, listedObject(forward, logPath(directory!, id)));
		} else {
			for (const line of describe(forward)) {
				stdout.write(`${sanitizeLine(line)}\n`);
			}
		}

		if (forward.condition === 'ended') {
			await removeForwardFiles(directory!, id);
		}
	}
}

/** The DetachedForward of the contract (schemas/detached-forward.json). */
function listedObject({state, condition}: FoundForward, log: string): object {
	const {name, process, startedAt, context, forwards, ended} = state;
	return jsonObject('DetachedForward', {
		name,
		pid: process.pid,
		startedAt,
		state: condition,
		ports: localPorts(state),
		log: condition === 'ended' ? null : log,
		context: condition === 'running' ? context : null,
		forwards: condition === 'running' ? forwards : [],
		ended,
	});
}

function describe({state: {name, process, context, forwards, ended}, condition}: FoundForward): string[] {
	switch (condition) {
		case 'ended': {
			const reason = ended === null ? `process ${process.pid} is gone` : `${ended.error.message} [${ended.error.code}]`;
			return [`${name}: ended${ended === null ? '' : ` at ${clockTime(ended.time)}`}: ${reason}`];
		}

		case 'unresponsive': {
			return [`${name}: does not respond (process ${process.pid})`];
		}

		case 'running': {
			const place = `${context === null ? '' : `context ${context}, `}process ${process.pid}`;
			return forwards.flatMap(forward => describeForward(name, forward, place));
		}
	}
}

function describeForward(name: string, {state, target, remotePort, listen, host, paths, error}: ForwardStatus, place: string): string[] {
	if (target === null || remotePort === null) {
		return [`${name}: starting (${place})`];
	}

	const addresses = listen.map(({address, port}) => joinHostPort(address, port)).join(', ');
	const named = host === null ? '' : ` (${host})`;
	// A tunnel that is still open then does not serve the forward.
	const isInterrupted = state === 'interrupted' && error !== null;
	const lines = isInterrupted ? [`interrupted: ${error.message} [${error.code}]`] : pathLines(paths);
	return [
		`${name}: ${addresses}${named} -> ${remotePort}, ${target.asked} in ${target.namespace}, on ${target.name} (${place})`,
		...lines.map(line => `  ${line}`),
	];
}

function pathLines(paths: ForwardStatus['paths']): readonly string[] {
	if (paths === null) {
		return ['path: not read, because of --path=never'];
	}

	return paths.length === 0 ? ['path: no tunnel is open'] : [...new Set(paths.map(({line}) => line))];
}

/**
Prints each problem of the lines of a set, or else the first local port that is used twice. `named`: its name, or a path. Resolves to the
exit status.
@throws SpokeError ERR_LOCAL_FILE
*/
async function checkSet({stdout, stderr, env}: ForwardsInvocation, named: string): Promise<number> {
	const directory = forwardSetsDirectory(env);
	const file = directory !== null && isForwardSetName(named) ? join(directory, named) : named;
	const text = await readFile(file, 'utf8').catch((error: unknown) => {
		const names = forwardSetNames(env).join(', ');
		throw new SpokeError('ERR_LOCAL_FILE', `cannot read the set of forwards: ${(error as Error).message}`, {
			remedy: names === '' ? 'save one in the session, or name a file' : `name a file, or one of ${names}`,
			cause: error,
		});
	});
	const {entries, problems} = readForwardFile(text, file, validateForward);
	const messages = problems.length > 0 ? problems.map(({message}) => message) : portProblems(entries).map(problem => `${file}: ${problem}`);
	for (const message of messages) {
		stderr.write(`${sanitizeLine(message)}\n`);
	}

	if (messages.length > 0) {
		return exitStatus.usage;
	}

	stdout.write(`${sanitizeLine(file)}: ${formatQuantity(entries.length, 'forward')}, no problems\n`);
	return exitStatus.ok;
}

/** The first local port that two forwards of one context use. Entries without a context belong to every context. */
function portProblems(entries: readonly ForwardFileEntry[]): readonly string[] {
	const contexts = new Set(entries.map(({context}) => context));
	try {
		for (const context of contexts) {
			const together = entries.filter(entry => entry.context === null || entry.context === context);
			assertUniquePorts(parseForwardEntries(together), parseListenAddresses(['localhost']));
		}

		return [];
	} catch (error) {
		if (isSpokeError(error)) {
			return [error.message];
		}

		throw error;
	}
}
