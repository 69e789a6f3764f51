/**
The built program in a pseudo-terminal, whose screen a test reads as a person would. Most tests of the screen begin with `onSandbox`
(sandbox-session.ts), which opens one of these on a sandbox of its own:

```
test('o sorts the nodes by STATUS', async t => {
	const {terminal} = await onSandbox(t, [], {columns: 120, rows: 40});
	terminal.press('view.nodes');                // the key of an action, from the keymap
	await terminal.sees(/control-plane/);        // waits until the screen matches, and fails with the screen after 30 s
	terminal.press('list.sort');
	await terminal.sees(/STATUS↑/);
});
```

- Build first: tests run `build/spoke.js`.
- Wait with `sees`, `loses` or `shows` after each key. Never wait for time, and never read `screen()` before what it should show was seen.
- `press` names actions, because users can rebind keys; `type` is for the text of prompts.
- A component or pane alone needs no terminal: `drawn` (drawn.ts) draws it from a state, without a process.
*/
import {mkdirSync} from 'node:fs';
import process from 'node:process';
import {fileURLToPath} from 'node:url';
import {spawn, type IPty} from '@lydell/node-pty';
import xterm from '@xterm/headless';
import type {ExecutionContext} from 'ava';
import {actionSpecs, type ActionId} from '../../source/actions/action-table.ts';
import type {Context} from '../../source/actions/contexts.ts';
import {keyBytes} from '../../source/keymap/key-bytes.ts';
import type {Keymap} from '../../source/keymap/keymap.ts';
import {loadKeymap} from '../../source/keymap/load-keymap.ts';
import {Semaphore} from '../../source/async/semaphore.ts';
import {nodePath} from './node-path.ts';
import {until} from './until.ts';

const builtProgram = process.env['SPOKE_PROGRAM'] ?? fileURLToPath(new URL('../../build/spoke.js', import.meta.url));

/** Shared by all tests: each has its own home, but V8 compiles the same code. */
export const compiledCode = fileURLToPath(new URL('../../node_modules/.cache/spoke-tests', import.meta.url));
mkdirSync(compiledCode, {recursive: true, mode: 0o700});

export type TestTerminal = {
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
	signal(name: string): void;
	ended(limitMs?: number): Promise<number>;
	writes(text: string, limitMs?: number): Promise<void>;
	raw(): string;
	readonly pid: number;
};

export type PressedAction = ActionId | `${Context}/${ActionId}`;

export type TerminalOptions = {
	program?: string;
	columns?: number;
	rows?: number;
	env?: NodeJS.ProcessEnv;
	keymap?: Keymap;
	home: string;
};

/** DEC private mode 2026. */
const synchronizedOutput = 2026;
const terminals = new Semaphore(4);
const placed = new WeakSet<object>();

export async function openTerminal(
	t: Pick<ExecutionContext, 'teardown' | 'pass'>,
	argv: readonly string[],
	{columns = 80, rows = 24, keymap, ...options}: TerminalOptions,
): Promise<TestTerminal> {
	await reserveSlot(t);
	const keys = keymap ?? (await loadKeymap({})).keymap;
	const child = spawnProgram(argv, {...options, columns, rows});
	const frames = new FrameWatch(columns, rows);
	let written = '';
	let hasExited = false;
	const exited = Promise.withResolvers<void>();
	child.onData(data => {
		written += data;
		frames.write(data);
	});
	child.onExit(({exitCode, signal}) => {
		hasExited = true;
		exited.resolve();
		frames.end(signal ? 128 + signal : exitCode);
	});
	// No program outlives its test.
	t.teardown(async () => {
		if (!hasExited) {
			child.kill('SIGKILL');
			await exited.promise;
		}

		frames.emulator.dispose();
	});

	return {
		screen: () => frames.screen(),
		text: () => frames.text(),
		buffer: () => frames.emulator.buffer.active.type,
		press(...actions) {
			for (const id of actions) {
				child.write(Buffer.concat(keysOf(keys, id).map(key => keyBytes(key))).toString('latin1'));
			}
		},
		type(text) {
			child.write(text);
		},
		async sees(pattern, limitMs = 30_000) {
			await frames.awaitFrame(() => pattern.test(frames.text()), limitMs, `${pattern} was not seen`);
			t.pass();
		},
		async shows(rows, limitMs = 30_000) {
			await frames.awaitFrame(() => frames.text() === rows.join('\n'), limitMs, `the screen was not\n${rows.join('\n')}`);
			t.pass();
		},
		overwrite: async text =>
			new Promise(resolve => {
				frames.emulator.write(text, resolve);
			}),
		loses: async (pattern, limitMs = 30_000) => frames.awaitFrame(() => !pattern.test(frames.text()), limitMs, `${pattern} did not go`),
		resize(columns, rows) {
			frames.emulator.resize(columns, rows);
			child.resize(columns, rows);
		},
		signal(name) {
			child.kill(name);
		},
		async ended(limitMs = 30_000) {
			await frames.awaitFrame(() => frames.status !== null, limitMs, 'it did not end');
			return frames.status!;
		},
		writes: async (text, limitMs = 30_000) =>
			frames.awaitFrame(() => written.includes(text), limitMs, `${JSON.stringify(text)} was not written`),
		raw: () => written,
		pid: child.pid,
	};
}

/** One slot per test, because a test must not wait for itself. */
async function reserveSlot(t: Pick<ExecutionContext, 'teardown'>): Promise<void> {
	if (placed.has(t)) {
		return;
	}

	placed.add(t);
	await new Promise<void>(resolve => {
		void terminals.run(async () => {
			resolve();
			await new Promise<void>(release => {
				t.teardown(release);
			});
		});
	});
}

function spawnProgram(
	argv: readonly string[],
	{program = builtProgram, columns, rows, env = {}, home}: TerminalOptions & {columns: number; rows: number},
): IPty {
	const {CI: _ci, CONTINUOUS_INTEGRATION: _other, NO_COLOR: _color, TMUX: _tmux, SSH_TTY: _ssh, ...outer} = process.env;
	return spawn(program, [...argv], {
		name: 'xterm-256color',
		cols: columns,
		rows,
		env: {
			...outer,
			PATH: nodePath,
			HOME: home,
			XDG_CONFIG_HOME: `${home}/.config`,
			XDG_STATE_HOME: `${home}/.local/state`,
			XDG_CACHE_HOME: compiledCode,
			LANG: 'C.UTF-8',
			TERM: 'xterm-256color',
			KUBECONFIG: '',
			...env,
		},
	});
}

/** Looks at every complete frame of a screen, also at one that the next replaces at once. */
class FrameWatch {
	readonly emulator: xterm.Terminal;
	/** Null until the program has ended and its last output is on the screen. */
	status: number | null = null;
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
