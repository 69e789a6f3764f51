/** A screen that a test reads and drives as a person would, whatever draws it: the built program, or a session of this process. */
import xterm from '@xterm/headless';
import type {ExecutionContext} from 'ava';
import {actionSpecs, type ActionId} from '../../source/session/actions/action-table.ts';
import type {Context} from '../../source/session/actions/contexts.ts';
import {Semaphore} from '../../source/base/async/queues.ts';
import {keyBytes} from '../../source/session/keymap/decode-keys.ts';
import type {Keymap} from '../../source/session/keymap/keymap.ts';
import {until} from './until.ts';

export type TestScreen = {
	/** Without trailing blanks. */
	screen(): string[];
	text(): string;
	buffer(): 'normal' | 'alternate';
	/** A key of each action. `CONTEXT/ACTION` where the contexts of the action share none. */
	press(...actions: PressedAction[]): void;
	type(text: string): void;
	sees(pattern: RegExp, limitMs?: number): Promise<void>;
	/** Exactly these rows. */
	shows(rows: readonly string[], limitMs?: number): Promise<void>;
	/** Bypasses the program, as another program would. */
	overwrite(text: string): Promise<void>;
	/** Waits until the pattern is gone. */
	loses(pattern: RegExp, limitMs?: number): Promise<void>;
	resize(columns: number, rows: number): void;
	/** Resolves to the exit status. */
	ended(limitMs?: number): Promise<number>;
	writes(text: string, limitMs?: number): Promise<void>;
	/** All output so far. */
	raw(): string;
};

export type PressedAction = ActionId | `${Context}/${ActionId}`;

/** How a screen reaches what draws it. */
export type ScreenIo = {
	type(text: string): void;
	resize(columns: number, rows: number): void;
};

/** @param t counts each wait as an assertion */
export function testScreen(t: Pick<ExecutionContext, 'pass'>, watch: ScreenWatch, keys: Keymap, io: ScreenIo): TestScreen {
	return {
		screen: () => watch.screen(),
		text: () => watch.text(),
		buffer: () => watch.emulator.buffer.active.type,
		press(...actions) {
			for (const id of actions) {
				io.type(Buffer.concat(keysOf(keys, id).map(key => keyBytes(key))).toString('latin1'));
			}
		},
		type(text) {
			io.type(text);
		},
		async sees(pattern, limitMs = 30_000) {
			await watch.awaitFrame(() => pattern.test(watch.text()), limitMs, `${pattern} was not seen`);
			t.pass();
		},
		async shows(rows, limitMs = 30_000) {
			await watch.awaitFrame(() => watch.text() === rows.join('\n'), limitMs, `the screen was not\n${rows.join('\n')}`);
			t.pass();
		},
		overwrite: async text =>
			new Promise(resolve => {
				watch.emulator.write(text, resolve);
			}),
		loses: async (pattern, limitMs = 30_000) => watch.awaitFrame(() => !pattern.test(watch.text()), limitMs, `${pattern} did not go`),
		resize(columns, rows) {
			watch.emulator.resize(columns, rows);
			io.resize(columns, rows);
		},
		async ended(limitMs = 30_000) {
			await watch.awaitFrame(() => watch.status !== null, limitMs, 'it did not end');
			return watch.status!;
		},
		writes: async (text, limitMs = 30_000) =>
			watch.awaitFrame(() => watch.written.includes(text), limitMs, `${JSON.stringify(text)} was not written`),
		raw: () => watch.written,
	};
}

/** @throws Error if no key performs the action in all of its contexts */
export function keysOf(keymap: Keymap, pressed: PressedAction): readonly string[] {
	const [id, only] = pressed.split('/').toReversed() as [ActionId, string?];
	const contexts = actionSpecs.filter(spec => spec.id === id && (only ?? spec.context) === spec.context).map(({context}) => context);
	const [first = [], ...others] = contexts.map(context => keymap.get(context)?.get(id)?.sequences ?? []);
	const shared = first.find(keys => others.every(sequences => sequences.some(other => other.join(' ') === keys.join(' '))));
	if (!shared) {
		throw new Error(`${pressed} has no key, or none that its contexts share: name one of ${contexts.join(', ')}`);
	}

	return shared;
}

const placed = new WeakSet<object>();

/** One slot per test, because a test must not wait for itself. */
export async function reserveSlot(t: Pick<ExecutionContext, 'teardown'>, slots: Semaphore): Promise<void> {
	if (placed.has(t)) {
		return;
	}

	placed.add(t);
	await new Promise<void>(resolve => {
		void slots.run(async () => {
			resolve();
			await new Promise<void>(release => {
				t.teardown(release);
			});
		});
	});
}

/** DEC private mode 2026. */
const synchronizedOutput = 2026;

/** Looks at every complete frame of a screen, also at one that the next replaces at once. */
export class ScreenWatch {
	readonly emulator: xterm.Terminal;
	/** Null until the program has ended and its last output is on the screen. */
	status: number | null = null;
	written = '';
	readonly #looks = new Set<() => void>();

	constructor(columns: number, rows: number) {
		this.emulator = new xterm.Terminal({cols: columns, rows, allowProposedApi: true, scrollback: 1000});
		// One piece of output may have several frames.
		this.emulator.parser.registerCsiHandler({prefix: '?', final: 'l'}, ([mode]) => {
			if (mode === synchronizedOutput) {
				this.#lookAtFrame();
			}

			return false;
		});
	}

	write(data: string): void {
		this.written += data;
		this.emulator.write(data, () => {
			this.#lookUnlessInFrame();
		});
	}

	end(status: number): void {
		// The emulator parses what it was given later, and calls back in order: after this the screen shows all output.
		this.emulator.write('', () => {
			this.status = status;
			this.#lookUnlessInFrame();
		});
	}

	screen(): string[] {
		const {buffer, cols, rows} = this.emulator;
		return Array.from(
			{length: rows},
			(_, row) => buffer.active.getLine(buffer.active.viewportY + row)?.translateToString(true, 0, cols) ?? '',
		);
	}

	text(): string {
		return this.screen().join('\n');
	}

	/** Everything awaited arrives with an output or with the end. */
	async awaitFrame(isDone: () => boolean, limitMs: number, what: string): Promise<void> {
		let isSeen = false;
		const look = () => {
			isSeen ||= isDone();
		};

		this.#looks.add(look);
		this.#lookUnlessInFrame();
		await until(
			() => isSeen,
			() => `${what}; status ${this.status}; the screen:\n${this.text()}`,
			limitMs,
		).finally(() => {
			this.#looks.delete(look);
		});
	}

	#lookUnlessInFrame(): void {
		if (this.status !== null || !this.emulator.modes.synchronizedOutputMode) {
			this.#lookAtFrame();
		}
	}

	#lookAtFrame(): void {
		for (const look of this.#looks) {
			look();
		}
	}
}
