/** `spoke port-forward`. */
import {readFile} from 'node:fs/promises';
import {assertAccess} from '../../session/actions/access.ts';
import {parseForwardFile} from '../../base/command-line/forward-file.ts';
import {exitStatus, exitStatusForSignal} from '../../base/errors/exit-status.ts';
import {SpokeError, errorText, toSpokeError} from '../../base/errors/spoke-error.ts';
import {type ListenAddress, parseLocalEnd} from '../../streams/port-forward/local-listener.ts';
import {assertPodCanMove, validateForward, type RunningForward} from '../../streams/port-forward/forward-request.ts';
import {toTerminalCharset} from '../../base/text/terminal-charset.ts';
import type {Command, Invocation} from '../command.ts';
import {
	assertUniquePorts,
	contextOfEntries,
	forwardArguments,
	numberPorts,
	parseForwardEntries,
	type TargetWithPorts,
} from './forward-arguments.ts';
import {
	endReasonFor,
	jsonReporter,
	textReporter,
	emitPathEvents,
	wantsPaths,
	type ForwardReporter,
	UnsettledPaths,
	reporterFor,
} from './forward-reporter.ts';
import {portForwardSpec} from './spec.ts';
import type {ClusterClient} from '../../cluster/cluster-client.ts';
import {type PluginTerminal, processTerminal} from '../../cluster/credentials/run-plugin.ts';
import {createLabeler, type Labeler} from '../../evidence/connection-labeler.ts';
import type {ForwardTotals, ForwardEvent} from '../../streams/port-forward/forward-event.ts';
import {startForward} from '../../streams/port-forward/start-forward.ts';
import {createStreamClient} from '../stream-client.ts';
import {assertUsage} from '../usage.ts';

type ReadyEvent = Extract<ForwardEvent, {event: 'ready'}>;

export type PortForwardInvocation = Invocation<typeof portForwardSpec.flags>;

/** stdout is the reporter's. */
type RunInvocation = Pick<PortForwardInvocation, 'flags' | 'given' | 'env'> & {stderr: Pick<NodeJS.WriteStream, 'write' | 'isTTY'>};

export type ForwardInput = {
	targets: readonly TargetWithPorts[];
	/** `undefined`: the current one. */
	context: string | undefined;
	addresses: readonly ListenAddress[];
};

export type OpenedForwards = {context: string | null; labeler: Labeler | undefined};

type ForwardOutcome = {
	/** `null` after an abort of `signal`. */
	failure: SpokeError | null;
	totals: ForwardTotals;
};

export const command: Command<typeof portForwardSpec.flags> = {
	spec: portForwardSpec,
	async run(invocation) {
		const {flags, afterDash} = invocation;
		if (flags.detached) {
			const {serveDetached} = await import('./detach.ts');
			return serveDetached(invocation, runForwards);
		}

		assertAccess('port-forward', 'listen', {readOnly: flags['read-only']});
		assertUsage(!flags.detach || afterDash === undefined, '--detach cannot be used with a command: its forwards end with it');
		const input = await readInput(invocation);
		if (flags.detach) {
			const {detach} = await import('./detach.ts');
			return detach(invocation, input);
		}

		return afterDash === undefined ? untilInterrupted(invocation, input) : serveCommand(invocation, input, afterDash);
	},
};

async function readInput(invocation: PortForwardInvocation): Promise<ForwardInput> {
	const {flags, given} = invocation;
	const {targets: read, context} = await readTargets(invocation);
	const {'on-pod-loss': onPodLoss} = flags;
	const parsed = read.map(one => ({...(onPodLoss && {onPodLoss}), ...one}));
	for (const one of parsed) {
		assertPodCanMove(one);
	}

	const {addresses, host} = parseLocalEnd({
		addresses: given.has('address') ? flags.address : null,
		host: flags.host ?? null,
	});
	const targets = parsed.map(one => (host === null || one.addresses ? one : {...one, host}));
	assertUniquePorts(targets, addresses);
	return {targets, context, addresses};
}

async function untilInterrupted(invocation: PortForwardInvocation, input: ForwardInput): Promise<number> {
	const {flags, stdout, stderr, interrupted} = invocation;
	const reporter = reporterFor(flags, stdout, stderr);
	const {failure, totals} = await runForwards(invocation, input, reporter, {signal: interrupted});
	if (failure === null) {
		const signal = String(interrupted.reason);
		// 0 for INT, as with kubectl.
		const status = signal === 'SIGINT' ? exitStatus.ok : exitStatusForSignal(signal);
		reporter.ended({exitStatus: status, reason: 'signal', signal, totals, error: null});
		return status;
	}

	reporter.ended({exitStatus: failure.exitStatus, reason: endReasonFor(failure), signal: null, totals, error: failure});
	// `ended` carries the error and must stay the last line of stdout.
	stderr.write(`${toTerminalCharset(stderr, errorText(failure))}\n`);
	return failure.exitStatus;
}

async function readTargets({flags, positionals}: PortForwardInvocation): Promise<Pick<ForwardInput, 'targets' | 'context'>> {
	if (flags.filename === undefined) {
		return {targets: forwardArguments(positionals), context: flags.context};
	}

	const text = await readFile(flags.filename, 'utf8').catch((error: unknown) => {
		throw new SpokeError('ERR_LOCAL_FILE', `cannot read the forwards: ${(error as Error).message}`, {cause: error});
	});
	const all = parseForwardFile(text, flags.filename, validateForward);
	const lines = all.filter(({context}) => flags.context === undefined || context === null || context === flags.context);
	const typed = positionals.length === 0 ? [] : forwardArguments(positionals);
	const targets = numberPorts([...typed, ...parseForwardEntries(lines)]);
	assertUsage(targets.length > 0, `no forwards in ${flags.filename}${all.length === 0 ? '' : ` for context ${flags.context}`}`);
	return {targets, context: flags.context ?? contextOfEntries(lines)};
}

/** Runs all forwards until `signal` aborts or one fails, which ends the others. Never rejects. */
export async function runForwards(
	{flags, given, stderr, env}: RunInvocation,
	{targets, context, addresses}: ForwardInput,
	reporter: ForwardReporter,
	{signal, terminal, onOpened}: {signal: AbortSignal; terminal?: PluginTerminal; onOpened?: (opened: OpenedForwards) => void},
): Promise<ForwardOutcome> {
	let running: RunningForward[] = [];
	let cluster: ClusterClient | undefined;
	let labeler: Labeler | undefined;
	let finishPaths: (() => void) | undefined;
	try {
		const opened = await createStreamClient({flags: {...flags, context}, given, env}, terminal && {terminal});
		cluster = opened;
		labeler = wantsPaths(flags, stderr)
			? createLabeler(opened, {waitsForMetrics: flags.path !== 'auto' || flags.output === 'json'})
			: undefined;
		onOpened?.({context: opened.facts.context, labeler});
		if (labeler) {
			const {namespace} = opened.facts;
			// Two targets can have the same name in different namespaces.
			finishPaths = emitPathEvents(
				labeler,
				targets.map(one => ({namespace, ...one})),
				{mode: flags.path, stderr, isQuiet: flags.output === 'json'},
				reporter,
			);
		}

		const stopped = new AbortController();
		const options = {
			signal: AbortSignal.any([signal, stopped.signal]),
			environment: env,
			...(labeler && {observer: labeler.observer}),
		};
		running = targets.map(one => startForward(opened, {addresses, podRunningTimeoutMs: flags['pod-running-timeout'], ...one}, options));
		await reportEvents(running, targets, reporter, stopped);
		return {failure: null, totals: totalsOf(running, targets)};
	} catch (thrown) {
		return {failure: signal.aborted ? null : toSpokeError(thrown), totals: totalsOf(running, targets)};
	} finally {
		labeler?.close();
		finishPaths?.();
		cluster?.close();
	}
}

/** The first failure ends the other forwards. @throws its SpokeError */
async function reportEvents(
	running: readonly RunningForward[],
	targets: readonly TargetWithPorts[],
	reporter: ForwardReporter,
	stopped: AbortController,
): Promise<void> {
	const forwards = targets.reduce((sum, {ports}) => sum + ports.length, 0);
	let ready = 0;
	let failure: unknown;
	await Promise.all(
		running.map(async ({events}) => {
			try {
				for await (const event of events) {
					reporter.event(event);
					if (event.event !== 'ready') {
						continue;
					}

					ready++;
					if (ready === forwards) {
						reporter.allReady(targets);
					}
				}
			} catch (error) {
				failure ??= error;
				stopped.abort();
			}
		}),
	);
	if (failure !== undefined) {
		throw failure;
	}
}

function totalsOf(running: readonly RunningForward[], targets: readonly TargetWithPorts[]): ForwardTotals {
	const sum: ForwardTotals = {connections: 0, failed: 0, up: 0, down: 0};
	for (const [index, forward] of running.entries()) {
		for (const {id} of targets[index]!.ports) {
			const {connections, failed, up, down} = forward.totals(id);
			sum.connections += connections;
			sum.failed += failed;
			sum.up += up;
			sum.down += down;
		}
	}

	return sum;
}

/**
Starts the command when all forwards are ready, and ends them with it. If a forward ends first, the command is ended too, because any
program could then bind the local port. Resolves to the exit status of the command.
@throws SpokeError of a forward, or ERR_LOCAL_COMMAND
*/
async function serveCommand(invocation: PortForwardInvocation, input: ForwardInput, words: readonly string[]): Promise<number> {
	assertUsage(words.length > 0, 'a command is required after --', 'spoke port-forward TARGET [LOCAL:]REMOTE -- COMMAND');
	const {env, interrupted, takeSignals, flags, stderr} = invocation;
	// stdout belongs to the command. Without `-v`, only failures and what follows them are reported.
	const reporter =
		flags.output === 'json'
			? jsonReporter(stderr, stderr)
			: textReporter(flags.v > 0 ? stderr : {write: () => true}, stderr, {hasHints: flags.v > 0});
	const paths = new UnsettledPaths();
	const commandEnded = new AbortController();
	const forwardsEnded = new AbortController();
	const ready: ReadyEvent[] = [];
	let command: Promise<number | undefined> | undefined;
	const {failure, totals} = await runForwards(
		invocation,
		input,
		{
			...reporter,
			event(event) {
				reporter.event(event);
				if (event.event === 'ready') {
					ready.push(event);
				}
			},
			path(forward, path) {
				reporter.path(forward, path);
				paths.update(forward, path);
			},
			allReady(targets) {
				reporter.allReady(targets);
				const variables = forwardVariables(ready, targets);
				// Loaded only here, because its package is larger than the rest of the command.
				command = import('./local-command.ts').then(async ({runLocalCommand}) =>
					interrupted.aborted || forwardsEnded.signal.aborted
						? undefined
						: runLocalCommand(words, {env: {...env, ...variables}, takeSignals, canceled: forwardsEnded.signal}),
				);
				const onEnd = async () => {
					if (flags.path !== 'auto' || flags.output === 'json') {
						await paths.settled();
					}

					commandEnded.abort();
				};

				command.then(onEnd, onEnd);
			},
		},
		{
			signal: AbortSignal.any([interrupted, commandEnded.signal]),
			terminal: terminalUnless(() => command !== undefined),
		},
	);
	forwardsEnded.abort();
	const [ended] = await Promise.allSettled([command]);
	const error = failure ?? (ended.status === 'rejected' ? toSpokeError(ended.reason) : null);
	if (error) {
		const own = error.withFailureStatus(exitStatus.execOwnFailure);
		reporter.ended({exitStatus: own.exitStatus, reason: endReasonFor(own), signal: null, totals, error: own});
		throw own;
	}

	const status = ended.status === 'fulfilled' ? ended.value : undefined;
	const signal = status === undefined ? String(interrupted.reason) : null;
	const end = {exitStatus: status ?? exitStatusForSignal(signal), reason: signal === null ? 'command-ended' : 'signal', signal};
	reporter.ended({...end, totals, error: null});
	return end.exitStatus;
}

/** The command reads the terminal, so a credential plugin cannot. */
function terminalUnless(isTaken: () => boolean): PluginTerminal {
	return {
		...processTerminal,
		get isAvailable() {
			return processTerminal.isAvailable && !isTaken();
		},
	};
}

/** Of the first forward, and of each remote port as typed: `SPOKE_PORT_HTTP_ALT`. */
export function forwardVariables(ready: readonly ReadyEvent[], targets: readonly TargetWithPorts[]): Record<string, string> {
	const variables: Record<string, string> = {};
	for (const {id, spec} of targets.flatMap(({ports}) => ports)) {
		const {listen: [listening] = []} = ready.find(({forward}) => forward === id) ?? {};
		if (listening) {
			variables['SPOKE_ADDRESS'] ??= listening.address;
			variables['SPOKE_PORT'] ??= String(listening.port);
			variables[`SPOKE_PORT_${spec.remote.replaceAll('-', '_').toUpperCase()}`] ??= String(listening.port);
		}
	}

	return variables;
}
