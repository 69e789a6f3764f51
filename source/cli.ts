/** Finds and runs the command. Only this file sets the exit status. */
import {basename} from 'node:path';
import process from 'node:process';
import {parseCommandLine} from './base/command-line/parse-command-line.ts';
import {connectionFlags} from './base/command-line/connection-flags.ts';
import type {FlagSpec} from './base/command-line/flag-spec.ts';
import type {CommandSpec, Invocation} from './commands/command.ts';
import {type CommandName, isCommandName, loadCommand, unknownCommand} from './commands/load-command.ts';
import {sessionSpec} from './commands/session/spec.ts';
import {toSpokeError, SpokeError, type ErrorObject, errorText} from './base/errors/spoke-error.ts';
import {exitStatus, exitStatusForSignal} from './base/errors/exit-status.ts';
import {isHangupIgnored} from './base/own-process.ts';
import {toSafeJson} from './base/text/escaping.ts';
import {toTerminalCharset} from './base/text/terminal-charset.ts';

type ErrorReporting = {wantsJson: boolean; failureStatus: number | undefined; isStdoutRemote: boolean};

/** @param problem of `argumentProblem` */
export async function main(argv: readonly string[], problem: string | null): Promise<void> {
	const signals = listenForSignals();
	const {interrupted} = signals;
	const reporting: ErrorReporting = {wantsJson: false, failureStatus: undefined, isStdoutRemote: false};
	exitOnUncaught(reporting);
	try {
		process.exitCode = await run(
			isCalledBy('kubectl_complete-spoke') ? ['completion', 'kubectl', '--', ...argv] : argv,
			{reporting, problem},
			signals,
		);
	} catch (thrown) {
		const error = withStatus(toSpokeError(thrown), reporting);
		if (interrupted.aborted && error.code === 'ERR_INTERNAL') {
			// The signal interrupted work that can fail in any way.
			process.exitCode = exitStatusForSignal(interrupted.reason);
			return;
		}

		reportError(error, reporting);
		process.exitCode = error.exitStatus;
	}
}

/** The package installs this file under several names. */
function isCalledBy(name: string): boolean {
	return basename(process.argv[1] ?? '') === name;
}

/** @returns the exit status */
async function run(
	argv: readonly string[],
	{reporting, problem}: {reporting: ErrorReporting; problem: string | null},
	signals: Pick<Invocation, 'interrupted' | 'takeSignals'>,
): Promise<number> {
	const {name, rest} = findCommand(argv);
	if (name === 'help') {
		const [topic = '-'] = rest;
		await printHelp(topic.startsWith('-') ? null : topic, true);
		return exitStatus.ok;
	}

	reporting.wantsJson = asksForJson(rest);
	assertCommandName(name);
	if (asksForHelp(rest)) {
		await printHelp(name, false);
		return exitStatus.ok;
	}

	const command = await loadCommand(name);
	setReporting(reporting, command.spec, rest);
	if (problem !== null) {
		throw new SpokeError('ERR_USAGE', problem, {
			remedy: 'in exec, let a shell in the container write these bytes, as $(printf "\\351"); in cp, copy the directory of the file',
		});
	}

	const line = parseCommandLine<readonly FlagSpec[]>(command.spec.flags, rest);
	const {stdout, stderr} = process;
	const invocation: Invocation = {
		...line,
		stdout,
		stderr,
		...signals,
		env: environmentWith(line.flags['kuberc']),
		get stdin() {
			// Reading this property opens stdin.
			return process.stdin;
		},
	};
	return command.run(invocation);
}

function exitOnUncaught(reporting: ErrorReporting): void {
	process.on('uncaughtException', thrown => {
		// The session restores its screen first, in its own listener.
		if (process.listenerCount('uncaughtException') === 1) {
			const error = withStatus(toSpokeError(thrown), reporting);
			// Report last, when the terminal is restored.
			process.on('exit', () => {
				reportError(error, reporting);
			});
			process.exit(error.exitStatus);
		}
	});
}

/** Failure status and owner of stdout as the command has them; with `isForCommandAfterDash`, only if the line has `--`. */
function setReporting(
	reporting: ErrorReporting,
	{failureStatus, isStdoutRemote = false, isForCommandAfterDash}: CommandSpec,
	rest: readonly string[],
): void {
	if (!isForCommandAfterDash || rest.includes('--')) {
		reporting.failureStatus = failureStatus;
		reporting.isStdoutRemote = isStdoutRemote;
	}
}

/** The kuberc that has the policy for credential plugins. */
function environmentWith(kuberc: string | undefined): NodeJS.ProcessEnv {
	const {env} = process;
	if (kuberc !== undefined && env['KUBERC'] === 'off') {
		throw new SpokeError('ERR_USAGE', 'disabling kuberc via KUBERC=off and passing kuberc flag are mutually exclusive');
	}

	return kuberc === undefined ? env : {...env, KUBERC: kuberc};
}

/** `at`: index of the command's name, or -1. */
type Found = {name: string; rest: readonly string[]; at: number};

/** As with kubectl, connection flags can precede the command's name. No name means the session. */
function findCommand(argv: readonly string[]): Found {
	let at = 0;
	while (at < argv.length) {
		const argument = argv[at]!;
		if (argument === '--help' || argument === '-h') {
			return {name: 'help', rest: argv.slice(at + 1), at: -1};
		}

		if (argument === '--version' || argument === 'version') {
			// Flags that an alias puts before it do not matter.
			return {name: 'version', rest: argv.slice(at + 1), at: -1};
		}

		if (!argument.startsWith('-')) {
			return {name: argument, rest: [...argv.slice(at + 1, endOfFlags(argv)), ...argv.slice(0, at), ...argv.slice(endOfFlags(argv))], at};
		}

		at += takesNext(argument) ? 2 : 1;
	}

	return {name: 'session', rest: argv, at: -1};
}

function endOfFlags(argv: readonly string[]): number {
	const dash = argv.indexOf('--');
	return dash < 0 ? argv.length : dash;
}

function takesNext(argument: string): boolean {
	if (argument.includes('=')) {
		return false;
	}

	const row = flagsBeforeTheName.find((row: FlagSpec) => argument === `--${row.name}` || argument === `-${row.short}`);
	return row !== undefined && row.kind !== 'boolean';
}

/** Connection flags can precede a name. Without a name, all flags belong to the session. */
const flagsBeforeTheName: readonly FlagSpec[] = [...connectionFlags, ...sessionSpec.flags];

function asksForHelp(rest: readonly string[]): boolean {
	const own = rest.slice(0, endOfFlags(rest));
	return own.includes('--help') || own.includes('-h');
}

function asksForJson(rest: readonly string[]): boolean {
	const own = rest.slice(0, endOfFlags(rest));
	return own.some(
		(argument, index) =>
			argument === '-ojson' ||
			argument === '-o=json' ||
			argument === '--output=json' ||
			((argument === '-o' || argument === '--output') && own[index + 1] === 'json'),
	);
}

/** @throws SpokeError ERR_USAGE when there is no such command */
function assertCommandName(name: string): asserts name is CommandName {
	if (!isCommandName(name)) {
		throw unknownCommand(name);
	}
}

/** @param name `null` for help of the program */
async function printHelp(name: string | null, isWhole: boolean): Promise<void> {
	if (name !== null && name !== 'connection-flags') {
		assertCommandName(name);
	}

	const {stdout} = process;
	const {helpText} = await import('./commands/help-text.ts');
	stdout.write(helpText(name, isWhole, {width: stdout.columns || 80, toCharset: text => toTerminalCharset(stdout, text)}));
}

/** Prints one line to stderr. With `-o json` an Error object follows on stdout (on stderr if stdout is the remote command's). */
function reportError(error: SpokeError, {wantsJson, isStdoutRemote}: ErrorReporting): void {
	if (error.code === 'ERR_OUTPUT_CLOSED') {
		return;
	}

	// The remote command's own status is not a failure of spoke.
	if (error.code !== 'ERR_REMOTE_EXIT') {
		process.stderr.write(`${toTerminalCharset(process.stderr, errorText(error))}\n`);
	}

	if (wantsJson) {
		(isStdoutRemote ? process.stderr : process.stdout).write(`${toSafeJson(errorLine(error.toJSON()))}\n`);
	}
}

function withStatus(error: SpokeError, {failureStatus}: ErrorReporting): SpokeError {
	return failureStatus === undefined ? error : error.withFailureStatus(failureStatus);
}

function errorLine(error: ErrorObject) {
	return {apiVersion: 'spoke/v1', kind: 'Error', time: new Date().toISOString(), ...error};
}

/**
The first INT, TERM or HUP interrupts the command; a second one exits with its status. A HUP that was ignored at the start stays ignored.
*/
function listenForSignals(): Pick<Invocation, 'interrupted' | 'takeSignals'> {
	const controller = new AbortController();
	const ignoresHangup = isHangupIgnored();
	let takeSignal: ((signal: NodeJS.Signals) => void) | undefined;
	for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
		process.on(signal, () => {
			if (signal === 'SIGHUP' && ignoresHangup) {
				return;
			}

			if (takeSignal) {
				takeSignal(signal);
				return;
			}

			if (controller.signal.aborted) {
				process.exit(exitStatusForSignal(signal));
			}

			controller.abort(signal);
		});
	}

	return {
		interrupted: controller.signal,
		takeSignals(listener) {
			takeSignal = listener;
			return () => {
				takeSignal = undefined;
			};
		},
	};
}
