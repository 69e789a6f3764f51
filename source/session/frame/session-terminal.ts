/** Routes a session's input to the screen or a remote shell, restores the terminal, and copies to its clipboard. */
import process from 'node:process';
import {setTimeout as delay} from 'node:timers/promises';
import {enterRawMode} from '../../base/terminal/terminal-modes.ts';
import {sanitize} from '../../base/text/sanitize.ts';
import type {Session} from './session.ts';

export type TerminalStreams = {stdin: NodeJS.ReadStream; stdout: NodeJS.WriteStream};

const pasteOn = '\u001B[?2004h';
const pasteOff = '\u001B[?2004l';
/** Attributes, keypad, arrows, mouse, paste, alternate screen and cursor. */
const resetSequence = '\u001B[0m\u001B>\u001B[?1;1000;1002;1003;1004;1006l\u001B[?2004l\u001B[?1049l\u001B[?25h';

/** About the limit of xterm. */
const maxBytes = 74_994;

export class SessionTerminal {
	readonly stdout: NodeJS.WriteStream;
	readonly stdin: NodeJS.ReadStream;
	#receiver: (bytes: Buffer) => void = () => {};
	#isActive = false;
	#isLent = false;
	/** A child or remote shell can end after `stop`. */
	#hasEnded = false;
	#atExit: (() => void) | null = null;

	constructor({stdin, stdout}: TerminalStreams) {
		this.stdin = stdin;
		this.stdout = stdout;
	}

	/** 80×24 if unknown. */
	get size(): {columns: number; rows: number} {
		return {columns: this.stdout.columns || 80, rows: this.stdout.rows || 24};
	}

	get holder(): 'screen' | 'remote shell' | 'child' {
		return this.#isActive ? (this.#isLent ? 'remote shell' : 'screen') : 'child';
	}

	/** Includes Ctrl-C. */
	start(onBytes: (bytes: Buffer) => void): void {
		this.#receiver = onBytes;
		this.#atExit = () => {
			if (this.#isActive) {
				this.stdin.setRawMode(false);
				this.stdout.write(resetSequence);
			}
		};

		process.on('exit', this.#atExit);
		this.#listen();
	}

	stop(): void {
		this.#hasEnded = true;
		this.#release();
		if (this.#atExit) {
			process.off('exit', this.#atExit);
		}
	}

	/** Restores the terminal before a crash message is written. */
	reset(): void {
		this.#release();
		this.stdout.write(resetSequence);
	}

	/** Passes all input to `onBytes` in full raw mode, for a remote shell. */
	async lend<Result>(onBytes: (bytes: Buffer) => void, work: () => Promise<Result>): Promise<Result> {
		const previous = this.#receiver;
		this.stdout.write(pasteOff);
		const restore = enterRawMode(this.stdin);
		this.#receiver = onBytes;
		this.#isLent = true;
		try {
			return await work();
		} finally {
			this.#isLent = false;
			restore();
			this.#receiver = previous;
			if (!this.#hasEnded) {
				this.stdin.setRawMode(true);
				this.stdout.write(pasteOn);
			}
		}
	}

	/** If a remote shell has the terminal. */
	reenterRawMode(): void {
		if (this.holder === 'remote shell') {
			// Node skips a mode that it believes to be set.
			this.stdin.setRawMode(false);
			enterRawMode(this.stdin);
		}
	}

	/** Gives the terminal to a pager, an editor or a credential plugin. */
	async handOff<Result>(work: () => Promise<Result>): Promise<Result> {
		this.#release();
		const restore = ignoreInterrupts();
		try {
			return await work();
		} finally {
			restore();
			this.#listen();
		}
	}

	/** Like Ctrl-Z. */
	async suspend(): Promise<void> {
		await this.handOff(async () => {
			process.kill(0, 'SIGTSTP');
			// Without a shell to continue it, the signal is ignored.
			await delay(50);
		});
	}

	readonly #onData = (bytes: Buffer) => {
		this.#receiver(bytes);
	};

	#listen(): void {
		if (this.#isActive || this.#hasEnded) {
			return;
		}

		this.#isActive = true;
		this.stdin.setRawMode(true);
		this.stdin.on('data', this.#onData);
		this.stdin.resume();
		this.stdout.write(pasteOn);
	}

	#release(): void {
		if (!this.#isActive) {
			return;
		}

		this.#isActive = false;
		this.stdin.off('data', this.#onData);
		this.stdin.pause();
		this.stdin.setRawMode(false);
		this.stdout.write(pasteOff);
	}
}

/** Ctrl-C interrupts the child, but the terminal signals both processes. */
function ignoreInterrupts(): () => void {
	const before = process.listeners('SIGINT');
	const ignore = () => {};
	process.on('SIGINT', ignore);
	for (const listener of before) {
		process.off('SIGINT', listener);
	}

	return () => {
		for (const listener of before) {
			process.on('SIGINT', listener);
		}

		process.off('SIGINT', ignore);
	};
}

/** Copies through the terminal, also over ssh and in tmux. Escapes control characters, so that none can end a paste early. */
export function copyToClipboard(
	{terminal, env, showMessage}: Pick<Session, 'terminal' | 'env' | 'showMessage'>,
	text: string,
	what: string,
): void {
	const sequence = copySequence(sanitize(text), env);
	if (sequence === null) {
		showMessage(`${what} is too long to copy through the terminal: save it instead`, 'warn');
		return;
	}

	terminal.stdout.write(sequence);
	const needs = copyNeeds(env);
	showMessage(`copied ${what}${needs === null ? '' : ` (${needs})`}`);
}

/**
OSC 52; `null` if the text is too long.
@see https://invisible-island.net/xterm/ctlseqs/ctlseqs.html (OSC 52); tmux(1) "allow-passthrough"
*/
function copySequence(text: string, env: NodeJS.ProcessEnv): string | null {
	const bytes = Buffer.from(text);
	if (bytes.length > maxBytes) {
		return null;
	}

	const sequence = `\u001B]52;c;${bytes.toString('base64')}\u0007`;
	if (env['TMUX']) {
		// Without allow-passthrough, tmux can still handle the plain sequence: send both.
		return `${sequence}\u001BPtmux;${sequence.replaceAll('\u001B', '\u001B\u001B')}\u001B\\`;
	}

	return env['STY'] ? `\u001BP${sequence}\u001B\\` : sequence;
}

/** The setting that a copy depends on, if any. */
function copyNeeds(env: NodeJS.ProcessEnv): string | null {
	return env['TMUX'] ? 'tmux relays it if set-clipboard is on' : null;
}
