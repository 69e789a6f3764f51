/** `spoke port-forward`. */
import {readFile} from 'node:fs/promises';
import process from 'node:process';
import type {Writable} from 'node:stream';
import {assertAccess} from '../../actions/access.ts';
import type {ClusterClient} from '../../cluster/cluster-client.ts';
import {parseOnPodLoss} from '../../command-line/common-flags.ts';
import {parseForwardFile} from '../../command-line/forward-file.ts';
import {exitStatus, exitStatusForSignal} from '../../errors/exit-status.ts';
import {SpokeError, toSpokeError} from '../../errors/spoke-error.ts';
import {createLabeler, type Labeler} from '../../evidence/connection-labeler.ts';
import {jsonObject, writeJsonLine} from '../../output/json-line.ts';
import {describeForwardUsers} from '../../descriptions/describe-forward-event.ts';
import {noticeLine} from '../../output/notice-line.ts';
import type {ForwardTotals} from '../../streams/port-forward/forward-event.ts';
import {type ListenAddress, parseListenAddresses} from '../../streams/port-forward/listen-address.ts';
import {startForward} from '../../streams/port-forward/start-forward.ts';
import {type RunningForward, validateForward} from '../../streams/port-forward/forward-request.ts';
import {errorText} from '../../text/error-text.ts';
import {toTerminalCharset} from '../../text/terminal-charset.ts';
import type {Command, Invocation} from '../command.ts';
import {createStreamClient} from '../stream-client.ts';
import {assertUniquePorts, contextOfEntries, forwardArguments, parseForwardEntries, type TargetWithPorts} from './forward-arguments.ts';
import {forwardLine, type ForwardReporter, textReporter} from './text-reporter.ts';
import {emitPathEvents} from './path-events.ts';
import {portForwardSpec} from './spec.ts';

type PortForwardInvocation = Invocation<typeof portForwardSpec.flags>;

export const command: Command<typeof portForwardSpec.flags> = {
	spec: portForwardSpec,
	async run(invocation) {
		const {flags, given, stdout, stderr, interrupted} = invocation;
		assertAccess('port-forward', 'listen', {readOnly: flags['read-only']});
		const {targets, context} = await targetsOf(invocation);
		const addresses = parseListenAddresses(given.has('address') ? flags.address : ['localhost']);
		assertUniquePorts(targets, addresses);
		const reporter = flags.output === 'json' ? jsonReporter(stdout, stderr) : textReporter(stdout, stderr);
		const {failure, totals} = await runForwards(invocation, {targets, context, addresses}, reporter);
		if (failure === null || interrupted.aborted) {
			const signal = String(interrupted.reason);
			const exitStatus = exitStatusForEnd(signal);
			reporter.ended({exitStatus, reason: 'signal', signal, totals, error: null});
			return exitStatus;
		}

		reporter.ended({exitStatus: failure.exitStatus, reason: endReasonFor(failure), signal: null, totals, error: failure});
		if (flags.output !== 'json') {
			throw failure;
		}

		// `ended` carries the error and must stay the last line of stdout.
		stderr.write(`${toTerminalCharset(stderr, errorText(failure))}\n`);
		return failure.exitStatus;
	},
};

type ForwardInput = {targets: readonly TargetWithPorts[]; context: string | undefined};

async function targetsOf(invocation: PortForwardInvocation): Promise<ForwardInput> {
	const {targets: parsed, context} = await readTargets(invocation);
	const onPodLoss = parseOnPodLoss(invocation.flags);
	const targets = parsed.map(one => ({...(onPodLoss && {onPodLoss}), ...one}));
	const named = targets.find(({target, onPodLoss}) => onPodLoss === 'move' && target.resource.kind === 'Pod');
	if (named) {
		throw new SpokeError('ERR_USAGE', `--on-pod-loss=move: ${named.target.input} is a pod, so there is no other pod to move to`, {
			remedy: 'forward to its service or workload',
		});
	}

	return {targets, context};
}

async function readTargets({flags, positionals, afterDash = []}: PortForwardInvocation): Promise<ForwardInput> {
	const words = [...positionals, ...afterDash];
	if (flags.filename === undefined) {
		return {targets: forwardArguments(words), context: flags.context};
	}

	const text = await readFile(flags.filename, 'utf8').catch((error: unknown) => {
		throw new SpokeError('ERR_LOCAL_FILE', `cannot read the forwards: ${(error as Error).message}`, {cause: error});
	});
	const all = parseForwardFile(text, flags.filename, validateForward);
	const lines = all.filter(({context}) => flags.context === undefined || context === null || context === flags.context);
	const typed = words.length === 0 ? [] : forwardArguments(words);
	const targets = [...typed, ...parseForwardEntries(lines, typed)];
	if (targets.length === 0) {
		throw new SpokeError('ERR_USAGE', `no forwards in ${flags.filename}${all.length === 0 ? '' : ` for context ${flags.context}`}`);
	}

	return {targets, context: flags.context ?? contextOfEntries(lines)};
}

/** Never rejects; `failure` is `null` after an interruption. */
async function runForwards(
	invocation: PortForwardInvocation,
	{targets, context, addresses}: ForwardInput & {addresses: readonly ListenAddress[]},
	reporter: ForwardReporter,
): Promise<{failure: SpokeError | null; totals: ForwardTotals}> {
	const {flags, stderr, interrupted, env} = invocation;
	let running: RunningForward[] = [];
	let cluster: ClusterClient | undefined;
	let labeler: Labeler | undefined;
	try {
		const opened = await createStreamClient({...invocation, flags: {...flags, context}});
		cluster = opened;
		labeler = wantsPaths(invocation)
			? createLabeler(opened, {waitsForMetrics: flags.path !== 'auto' || flags.output === 'json'})
			: undefined;
		if (labeler) {
			const {namespace} = opened.facts;
			// Two targets can have the same name in different namespaces.
			emitPathEvents(
				labeler,
				targets.map(one => ({namespace, ...one})),
				{mode: flags.path, stderr, quietly: flags.output === 'json'},
				reporter,
			);
		}

		const stopped = new AbortController();
		const options = {
			signal: AbortSignal.any([interrupted, stopped.signal]),
			environment: env,
			...(labeler && {observer: labeler.observer}),
		};
		running = targets.map(one => startForward(opened, {addresses, podRunningTimeoutMs: flags['pod-running-timeout'], ...one}, options));
		await reportEvents(running, targets, reporter, stopped);
		return {failure: null, totals: totalsOf(running, targets)};
	} catch (thrown) {
		return {failure: toSpokeError(thrown), totals: totalsOf(running, targets)};
	} finally {
		labeler?.close();
		cluster?.close();
	}
}

/** Otherwise tunnels open without reading evidence first. */
function wantsPaths({flags, stderr}: PortForwardInvocation): boolean {
	return flags.path !== 'never' && (flags.output === 'json' || flags.path !== 'auto' || stderr.isTTY);
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
						reporter.allReady(forwards);
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

type EndReason = 'signal' | 'target-gone' | 'bind-failed' | 'not-found' | 'forbidden' | 'credentials' | 'unreachable' | 'error';

/** 0 for INT, as with kubectl. */
function exitStatusForEnd(signal: string): number {
	return signal === 'SIGINT' ? exitStatus.ok : exitStatusForSignal(signal);
}

const reasons: Readonly<Partial<Record<SpokeError['code'], EndReason>>> = {
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

function endReasonFor({code}: SpokeError): EndReason {
	return reasons[code] ?? 'error';
}

type Output = Pick<NodeJS.WriteStream, 'write'> & {isTTY?: boolean};

/** schemas/port-forward-event.json. Warnings also go to stderr. */
function jsonReporter(stdout: Writable, stderr: Output): ForwardReporter {
	const line = (fields: object) => {
		writeJsonLine(stdout, jsonObject('PortForwardEvent', fields));
	};

	return {
		event(event) {
			line(event.event === 'ready' ? {...event, pid: process.pid} : event);
			for (const warning of event.event === 'ready' ? event.listen.flatMap(listening => describeForwardUsers(listening)) : []) {
				stderr.write(noticeLine(forwardLine(warning, ''), stderr));
			}
		},
		allReady(forwards) {
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
