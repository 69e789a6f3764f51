/** `spoke port-forward`: forwards local ports for as long as it runs. */
import {readFile} from 'node:fs/promises';
import {guardAccess} from '../actions/access.ts';
import {openCluster} from '../cluster/open-cluster.ts';
import type {ClusterAccess} from '../cluster/cluster-access.ts';
import {parseForwardFile} from '../command-line/forward-file.ts';
import {asSpokeError, SpokeError} from '../errors/spoke-error.ts';
import {makeLabeller} from '../posture/labeller.ts';
import type {ForwardTotals} from '../sessions/forward/forward-event.ts';
import type {RunningForward} from '../sessions/forward/forward-request.ts';
import {parseListenAddresses} from '../sessions/forward/listen-address.ts';
import {startForward} from '../sessions/forward/start-forward.ts';
import {errorText} from '../text/error-text.ts';
import {shownOn} from '../text/locale-signs.ts';
import type {Command, Invocation} from './command.ts';
import {reasonOf, statusOfEnding} from './port-forward/ended.ts';
import {contextOfLines, forwardArguments, forwardsOfLines, type TargetWithPorts} from './port-forward/forward-arguments.ts';
import type {ForwardReporter} from './port-forward/forward-reporter.ts';
import {jsonReporter} from './port-forward/json-reporter.ts';
import {tellPaths} from './port-forward/path-events.ts';
import {textReporter} from './port-forward/text-reporter.ts';
import {portForwardRow} from './rows/port-forward.ts';

type PortForwardInvocation = Invocation<typeof portForwardRow.flags>;

export const command: Command<typeof portForwardRow.flags> = {
	row: portForwardRow,
	async run(invocation) {
		const {flags, given, stdout, stderr, interrupted, env} = invocation;
		guardAccess('port-forward', 'listen', {readOnly: flags['read-only']});
		const {targets: asked, context} = await targetsOf(invocation);
		const whenPodGoes = flags['when-pod-goes'];
		const targets = asked.map(one => ({...whenPodGoes && {whenPodGoes}, ...one}));
		if (given.has('address') && flags.address.length === 0) {
			throw new SpokeError('ERR_USAGE', 'you must specify at least 1 address');
		}

		const named = targets.find(({target, whenPodGoes}) => whenPodGoes === 'move' && target.resource.kind === 'Pod');
		if (named) {
			throw new SpokeError('ERR_USAGE', `--when-pod-goes=move: ${named.target.asked} is a pod, which has no next one`, {remedy: 'forward to its service or workload'});
		}

		const addresses = parseListenAddresses(given.has('address') ? flags.address : ['localhost']);
		const reporter = flags.output === 'json' ? jsonReporter(stdout) : textReporter(stdout, stderr);
		let running: RunningForward[] = [];
		let failure: SpokeError | undefined;
		let cluster: ClusterAccess | undefined;
		try {
			cluster = await openCluster({...flags, context}, env);
			const labeller = wantsPaths(invocation) ? makeLabeller(cluster, {isAwaited: flags.path !== 'auto' || flags.output === 'json'}) : undefined;
			if (labeller) {
				const {namespace} = cluster.facts;
				// One name may be asked for in two namespaces.
				tellPaths(labeller, targets.map(one => ({namespace, ...one})), {mode: flags.path, stderr, quietly: flags.output === 'json'}, reporter);
			}

			const stopped = new AbortController();
			const options = {signal: AbortSignal.any([interrupted, stopped.signal]), environment: env, ...labeller && {witness: labeller.witness}};
			running = targets.map(({target, ports, namespace, addresses: own, whenPodGoes}) => startForward(cluster!, {target, ports, addresses: own ?? addresses, ...namespace !== undefined && {namespace}, ...whenPodGoes && {whenPodGoes}, podRunningTimeoutMs: flags['pod-running-timeout']}, options));
			await report(running, targets, reporter, stopped);
			labeller?.close();
		} catch (thrown) {
			failure = asSpokeError(thrown);
		} finally {
			cluster?.close();
		}

		const signal = interrupted.aborted ? String(interrupted.reason) : null;
		const exitStatus = signal === null ? failure?.exitStatus ?? 1 : statusOfEnding(signal);
		reporter.ended({exitStatus, reason: signal === null ? reasonOf(failure!) : 'signal', signal, totals: totalsOf(running, targets), error: signal === null ? failure! : null});
		if (failure && signal === null && flags.output !== 'json') {
			throw failure;
		}

		if (failure && signal === null) {
			// `ended` carries the error and must stay the last line of stdout.
			stderr.write(`${shownOn(stderr, errorText(failure))}\n`);
		}

		return exitStatus;
	},
};

/** Those of the command line, then those of the file; with --context only its lines of that context, and those that name none. */
async function targetsOf({flags, positionals, afterDash = []}: PortForwardInvocation): Promise<{targets: readonly TargetWithPorts[]; context: string | undefined}> {
	const words = [...positionals, ...afterDash];
	if (flags.filename === undefined) {
		return {targets: forwardArguments(words), context: flags.context};
	}

	const text = await readFile(flags.filename, 'utf8').catch((error: unknown) => {
		throw new SpokeError('ERR_LOCAL_FILE', `the forwards cannot be read: ${(error as Error).message}`, {cause: error});
	});
	const all = parseForwardFile(text, flags.filename);
	const lines = all.filter(({context}) => flags.context === undefined || context === null || context === flags.context);
	const asked = words.length === 0 ? [] : forwardArguments(words);
	const targets = [...asked, ...forwardsOfLines(lines, asked)];
	if (targets.length === 0) {
		throw new SpokeError('ERR_USAGE', `${flags.filename} has no forward${all.length === 0 ? '' : ` of the context ${flags.context}`}`);
	}

	return {targets, context: flags.context ?? contextOfLines(lines)};
}

/** A label that nobody is told is not asked for either: the tunnels then open without reading anything first. */
function wantsPaths({flags, stderr}: PortForwardInvocation): boolean {
	return flags.path !== 'never' && (flags.output === 'json' || flags.path !== 'auto' || stderr.isTTY);
}

/** Until all are over: the first that fails ends the others. @throws its SpokeError */
async function report(running: readonly RunningForward[], targets: readonly TargetWithPorts[], reporter: ForwardReporter, stopped: AbortController): Promise<void> {
	const forwards = targets.reduce((sum, {ports}) => sum + ports.length, 0);
	let ready = 0;
	let failure: unknown;
	await Promise.all(running.map(async ({events}) => {
		try {
			for await (const event of events) {
				reporter.event(event);
				if (event.event !== 'ready') {
					continue;
				}

				ready++;
				if (ready === forwards) {
					reporter.allReady(forwards);
				}
			}
		} catch (error) {
			failure ??= error;
			stopped.abort();
		}
	}));
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
