/** A program on this machine that has the terminal while forwards run. */
import {closeSync, openSync} from 'node:fs';
import {constants} from 'node:os';
import process from 'node:process';
import {execa} from 'execa';
import {exitStatus} from '../../base/errors/exit-status.ts';
import {SpokeError} from '../../base/errors/spoke-error.ts';
import type {Invocation} from '../command.ts';

/**
Runs the program in spoke's process group, with its stdin, stdout and stderr. Resolves to its exit status, or 128 + N for signal N.
`canceled` sends SIGTERM, and SIGKILL 5 s later.
@throws SpokeError ERR_LOCAL_COMMAND if it does not start
*/
export async function runLocalCommand(
	[program = '', ...args]: readonly string[],
	{env, takeSignals, canceled}: {env: NodeJS.ProcessEnv; takeSignals: Invocation['takeSignals']; canceled: AbortSignal},
): Promise<number> {
	// Before the start, because the program can be signaled as soon as it runs.
	const stopPassing = passSignals(takeSignals, signal => {
		// execa's own method would send SIGKILL after a SIGTERM.
		running.nodeChildProcess.kill(signal);
	});
	const running = execa(program, args, {stdio: 'inherit', env, extendEnv: false, reject: false, cancelSignal: canceled});
	try {
		const {exitCode, signal, code, originalMessage, shortMessage} = await running;
		if (exitCode !== undefined) {
			return exitCode;
		}

		if (signal !== undefined) {
			return 128 + constants.signals[signal];
		}

		throw startError(program, code, originalMessage ?? shortMessage ?? '');
	} finally {
		stopPassing();
	}
}

/** A terminal sends SIGINT and SIGQUIT to the program too, which decides alone what they end. */
function passSignals(takeSignals: Invocation['takeSignals'], send: (signal: NodeJS.Signals) => void): () => void {
	const fromTerminal = hasControllingTerminal() ? ['SIGINT', 'SIGQUIT'] : [];
	const pass = (signal: NodeJS.Signals) => {
		if (!fromTerminal.includes(signal)) {
			send(signal);
		}
	};

	const others = ['SIGQUIT', 'SIGUSR1', 'SIGUSR2'] as const;
	const returnSignals = takeSignals(pass);
	for (const signal of others) {
		process.on(signal, pass);
	}

	return () => {
		returnSignals();
		for (const signal of others) {
			process.off(signal, pass);
		}
	};
}

/** The statuses are those of `env`. */
function startError(program: string, code: string | undefined, text: string): SpokeError {
	return new SpokeError('ERR_LOCAL_COMMAND', `could not start ${JSON.stringify(program)}: ${reasons[code ?? ''] ?? text}`, {
		text,
		exitStatus: code === 'ENOENT' ? exitStatus.commandNotFound : exitStatus.commandNotExecutable,
	});
}

const reasons: Readonly<Record<string, string>> = {ENOENT: 'command not found', EACCES: 'permission denied'};

function hasControllingTerminal(): boolean {
	try {
		closeSync(openSync('/dev/tty', 'r'));
		return true;
	} catch {
		return false;
	}
}
