/** Starts a process in a container. */
import type {Readable, Writable} from 'node:stream';
import type {TerminalSize} from '../program.ts';
import {cookTerminal} from './cooked-terminal.ts';
import {InputQueue} from './input-queue.ts';
import {runProcess, ShellExit} from './shell.ts';
import type {ShellProcess} from './shell-process.ts';

export type ProcessOptions = {
	argv: readonly string[];
	env: Readonly<Record<string, string>>;
	stdin: Readable | null;
	stdout: Writable;
	stderr: Writable;
	/** Size of the terminal, if the process has one. Then stdin carries keys, and stdout a screen. */
	terminal: TerminalSize | null;
	signal: AbortSignal;
	mainCommand: string;
};

/** Resolves to the exit code; 137 if `signal` is aborted first. */
export async function startProcess({argv, env, stdin, stdout, stderr, terminal, signal, mainCommand}: ProcessOptions): Promise<number> {
	let interrupted = new AbortController();
	const foreground = () => AbortSignal.any([signal, interrupted.signal]);
	const process: ShellProcess = {
		argv,
		env: {...env},
		cwd: '/',
		terminal,
		mainCommand,
		lastStatus: 0,
		stdin: new InputQueue(),
		stdout,
		stderr,
		signal: foreground(),
		ending: signal,
		foreground,
		atPrompt: false,
	};
	if (terminal) {
		const cooked = cookTerminal(stdin, stdout);
		cooked.onInterrupt(() => {
			cooked.input.clear();
			interrupted.abort();
			interrupted = new AbortController();
			if (process.atPrompt) {
				cooked.input.push(Buffer.from('\n'));
			}
		});
		Object.assign(process, {stdin: cooked.input, stdout: cooked.output, stderr: cooked.output});
	} else if (stdin) {
		process.stdin.follow(stdin);
	} else {
		process.stdin.finish();
	}

	try {
		const status = await runProcess(process);
		return signal.aborted ? 137 : status;
	} catch (error) {
		if (error instanceof ShellExit) {
			return error.status;
		}

		throw error;
	}
}
