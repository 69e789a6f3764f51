/** The forwards of one run. */
import type {ClusterClient} from '../../cluster/cluster-client.ts';
import type {PluginTerminal} from '../../cluster/credentials/run-plugin.ts';
import {type SpokeError, toSpokeError} from '../../errors/spoke-error.ts';
import {createLabeler, type Labeler} from '../../evidence/connection-labeler.ts';
import type {ForwardTotals} from '../../streams/port-forward/forward-event.ts';
import type {RunningForward} from '../../streams/port-forward/forward-request.ts';
import type {ListenAddress} from '../../streams/port-forward/listen-address.ts';
import {startForward} from '../../streams/port-forward/start-forward.ts';
import type {Invocation} from '../command.ts';
import {createStreamClient} from '../stream-client.ts';
import type {TargetWithPorts} from './forward-arguments.ts';
import {emitPathEvents, wantsPaths} from './path-events.ts';
import type {portForwardSpec} from './spec.ts';
import type {ForwardReporter} from './text-reporter.ts';

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
