/** `spoke port-forward`. */
import {readFile} from 'node:fs/promises';
import process from 'node:process';
import {assertAccess} from '../../actions/access.ts';
import {parseForwardFile} from '../../command-line/forward-file.ts';
import {exitStatus, exitStatusForSignal} from '../../errors/exit-status.ts';
import {SpokeError} from '../../errors/spoke-error.ts';
import type {ListenAddress} from '../../streams/port-forward/listen-address.ts';
import {parseLocalEnd} from '../../streams/port-forward/listen-host.ts';
import {assertPodCanMove, validateForward} from '../../streams/port-forward/forward-request.ts';
import {errorText} from '../../text/error-text.ts';
import {toTerminalCharset} from '../../text/terminal-charset.ts';
import type {Command} from '../command.ts';
import {assertUniquePorts, contextOfEntries, forwardArguments, numberPorts, parseForwardEntries} from './forward-arguments.ts';
import {endReasonFor, jsonReporter} from './json-reporter.ts';
import {runForwards, type ForwardInput, type PortForwardInvocation} from './run-forwards.ts';
import {serveCommand} from './serve-command.ts';
import {portForwardSpec} from './spec.ts';
import {textReporter} from './text-reporter.ts';

export const command: Command<typeof portForwardSpec.flags> = {
	spec: portForwardSpec,
	async run(invocation) {
		const {flags, afterDash} = invocation;
		if (flags.detached) {
			const {serveDetached} = await import('./serve-detached.ts');
			return serveDetached(invocation, runForwards);
		}

		assertAccess('port-forward', 'listen', {readOnly: flags['read-only']});
		assertDetachable(invocation);
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
	const {targets: parsed, context} = await targetsOf(invocation);
	const {addresses, host} = parseLocalEnd({
		addresses: given.has('address') ? flags.address : null,
		host: flags.host ?? null,
	});
	const targets = parsed.map(one => (host === null || one.addresses ? one : {...one, host}));
	assertUniquePorts(targets, addresses);
	return flags.detach
		? {
				targets: targets.map(one => ({...one, ...(one.addresses && {addresses: ofOneForward(one.addresses)})})),
				context,
				addresses: ofOneForward(addresses),
			}
		: {targets, context, addresses};
}

/**
Of two detached forwards that start at the same moment, each would otherwise get one of the addresses. Addresses are bound in order, so that
one of the two gets the first.
*/
function ofOneForward(addresses: readonly ListenAddress[]): readonly ListenAddress[] {
	return addresses.map(one => (one.needed === 'any-of-these' ? {...one, needed: 'if-available'} : one));
}

function assertDetachable({flags, afterDash}: PortForwardInvocation): void {
	if (flags.detach && afterDash !== undefined) {
		throw new SpokeError('ERR_USAGE', '--detach cannot be used with a command: its forwards end with it');
	}

	if (flags.detach && process.platform === 'win32') {
		throw new SpokeError('ERR_USAGE', '--detach requires Linux, macOS or another Unix');
	}
}

async function untilInterrupted(invocation: PortForwardInvocation, input: ForwardInput): Promise<number> {
	const {flags, stdout, stderr, interrupted} = invocation;
	const reporter = flags.output === 'json' ? jsonReporter(stdout, stderr) : textReporter(stdout, stderr);
	const {failure, totals} = await runForwards(invocation, input, reporter, {signal: interrupted});
	if (failure === null) {
		const signal = String(interrupted.reason);
		// 0 for INT, as with kubectl.
		const status = signal === 'SIGINT' ? exitStatus.ok : exitStatusForSignal(signal);
		reporter.ended({exitStatus: status, reason: 'signal', signal, totals, error: null});
		return status;
	}

	reporter.ended({exitStatus: failure.exitStatus, reason: endReasonFor(failure), signal: null, totals, error: failure});
	if (flags.output !== 'json') {
		throw failure;
	}

	// `ended` carries the error and must stay the last line of stdout.
	stderr.write(`${toTerminalCharset(stderr, errorText(failure))}\n`);
	return failure.exitStatus;
}

type Targets = Pick<ForwardInput, 'targets' | 'context'>;

async function targetsOf(invocation: PortForwardInvocation): Promise<Targets> {
	const {targets: parsed, context} = await readTargets(invocation);
	const {'on-pod-loss': onPodLoss} = invocation.flags;
	const targets = parsed.map(one => ({...(onPodLoss && {onPodLoss}), ...one}));
	for (const one of targets) {
		assertPodCanMove(one);
	}

	return {targets, context};
}

async function readTargets({flags, positionals}: PortForwardInvocation): Promise<Targets> {
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
	if (targets.length === 0) {
		throw new SpokeError('ERR_USAGE', `no forwards in ${flags.filename}${all.length === 0 ? '' : ` for context ${flags.context}`}`);
	}

	return {targets, context: flags.context ?? contextOfEntries(lines)};
}
