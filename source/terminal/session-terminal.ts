/** One owner for the person's terminal: its bytes go to whoever has it now, the screen or a remote shell, and it is given back whole however the program ends. */
import {PassThrough} from 'node:stream';
import process from 'node:process';
import {setTimeout as delay} from 'node:timers/promises';
import {enterRawMode} from './raw-mode.ts';

export type TerminalStreams = {stdin: NodeJS.ReadStream; stdout: NodeJS.WriteStream};

const pasteOn = '\u001B[?2004h';
const pasteOff = '\u001B[?2004l';
/** Attributes, keypad and arrows, mouse, paste, alternate screen and cursor, as a crash, or a remote program that it cut, would leave them. */
const atRest = '\u001B[0m\u001B>\u001B[?1;1000;1002;1003;1004;1006l\u001B[?2004l\u001B[?1049l\u001B[?25h';

export class SessionTerminal {
	readonly stdout: NodeJS.WriteStream;
	readonly #stdin: NodeJS.ReadStream;
	#take: (bytes: Buffer) => void = () => {};
	#active = false;
	#lent = false;
	/** It was given back for good: whoever had it then may end later. */
	#isOver = false;
	#atExit: (() => void) | null = null;

	constructor({stdin, stdout}: TerminalStreams) {
		this.#stdin = stdin;
		this.stdout = stdout;
	}

	/** As it is now; 80×24 where it does not say. */
	get size(): {columns: number; rows: number} {
		return {columns: this.stdout.columns || 80, rows: this.stdout.rows || 24};
	}

	/** Who has it now. A child is a program on this machine. */
	get holder(): 'screen' | 'remote shell' | 'child' {
		return this.#active ? (this.#lent ? 'remote shell' : 'screen') : 'child';
	}

	/** Keys go to `take` from now on, byte for byte; Ctrl-C, too. */
	start(take: (bytes: Buffer) => void): void {
		this.#take = take;
		this.#atExit = () => {
			if (this.#active) {
				this.#stdin.setRawMode(false);
				this.stdout.write(atRest);
			}
		};

		process.on('exit', this.#atExit);
		this.#listen();
	}

	/** For good. */
	stop(): void {
		this.#isOver = true;
		this.#release();
		if (this.#atExit) {
			process.off('exit', this.#atExit);
		}
	}

	/** Puts the terminal to rest at once: for a crash, before its one line is printed. */
	rescue(): void {
		this.#release();
		this.stdout.write(atRest);
	}

	/** A stdin for Ink that never says anything: keys are read here. */
	silentInput(): NodeJS.ReadStream {
		const silent = new PassThrough() as unknown as NodeJS.ReadStream;
		return Object.assign(silent, {isTTY: true, setRawMode: () => silent, ref: () => silent, unref: () => silent});
	}

	/** Runs `work` with every key passed to `take`, output included as it comes: for a remote shell. */
	async lend<Result>(take: (bytes: Buffer) => void, work: () => Promise<Result>): Promise<Result> {
		const before = this.#take;
		this.stdout.write(pasteOff);
		const restore = enterRawMode(this.#stdin);
		this.#take = take;
		this.#lent = true;
		try {
			return await work();
		} finally {
			this.#lent = false;
			restore();
			this.#take = before;
			if (!this.#isOver) {
				this.#stdin.setRawMode(true);
				this.stdout.write(pasteOn);
			}
		}
	}

	/** Raw again for a remote shell, whatever somebody else made of it; nothing where none has it. */
	retakeLent(): void {
		if (this.holder === 'remote shell') {
			// Node sets nothing where it believes the mode to be set.
			this.#stdin.setRawMode(false);
			enterRawMode(this.#stdin);
		}
	}

	/** Lets go of the terminal while a child has it (a pager, an editor, a credential plugin), and takes it back. */
	async handOver<Result>(work: () => Promise<Result>): Promise<Result> {
		this.#release();
		const restore = leaveInterrupts();
		try {
			return await work();
		} finally {
			restore();
			this.#listen();
		}
	}

	/** Stops the program as Ctrl-Z does, while the terminal is handed over; goes on when it is continued. */
	async suspend(): Promise<void> {
		await this.handOver(async () => {
			process.kill(0, 'SIGTSTP');
			// Where nobody could continue us the signal is ignored, and this goes on at once.
			await delay(50);
		});
	}

	readonly #onData = (bytes: Buffer) => {
		this.#take(bytes);
	};

	#listen(): void {
		if (this.#active || this.#isOver) {
			return;
		}

		this.#active = true;
		this.#stdin.setRawMode(true);
		this.#stdin.on('data', this.#onData);
		this.#stdin.resume();
		this.stdout.write(pasteOn);
	}

	#release(): void {
		if (!this.#active) {
			return;
		}

		this.#active = false;
		this.#stdin.off('data', this.#onData);
		this.#stdin.pause();
		this.#stdin.setRawMode(false);
		this.stdout.write(pasteOff);
	}
}

/** What a person interrupts while a child has the terminal is the child; the terminal tells both. */
function leaveInterrupts(): () => void {
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
