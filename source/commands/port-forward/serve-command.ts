/** `spoke port-forward TARGET PORT… -- COMMAND`: forwards that last as long as a command. */
import {type PluginTerminal, processTerminal} from '../../cluster/credentials/run-plugin.ts';
import {exitStatus, exitStatusForSignal} from '../../errors/exit-status.ts';
import {SpokeError, toSpokeError} from '../../errors/spoke-error.ts';
import type {ForwardEvent} from '../../streams/port-forward/forward-event.ts';
import type {TargetWithPorts} from './forward-arguments.ts';
import {endReasonFor, jsonReporter} from './json-reporter.ts';
import {runForwards, type ForwardInput, type PortForwardInvocation} from './run-forwards.ts';
import {textReporter, type ForwardReporter} from './text-reporter.ts';
import {UnsettledPaths} from './path-events.ts';

type ReadyEvent = Extract<ForwardEvent, {event: 'ready'}>;

/**
Starts the command when all forwards are ready, and ends them with it. If a forward ends first, the command is ended too, because any
program could then bind the local port. Resolves to the exit status of the command.
@throws SpokeError of a forward, or ERR_LOCAL_COMMAND
*/
export async function serveCommand(invocation: PortForwardInvocation, input: ForwardInput, words: readonly string[]): Promise<number> {
	if (words.length === 0) {
		throw new SpokeError('ERR_USAGE', 'a command is required after --', {remedy: 'spoke port-forward TARGET [LOCAL:]REMOTE -- COMMAND'});
	}

	const {env, interrupted, takeSignals, flags} = invocation;
	const reporter = commandReporter(invocation);
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

/** stdout belongs to the command. Without `-v`, only failures and what follows them are reported. */
function commandReporter({flags, stderr}: PortForwardInvocation): ForwardReporter {
	return flags.output === 'json'
		? jsonReporter(stderr, stderr)
		: textReporter(flags.v > 0 ? stderr : {write: () => true}, stderr, {hasHints: flags.v > 0});
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
