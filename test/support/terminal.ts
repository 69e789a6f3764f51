/**
The built program in a pseudo-terminal: for what needs a process of its own, that is a signal, an exit status, the raw bytes, the
environment or a terminal that is lent to a shell, a pager or an editor. All else runs in this process, at a fifth of the cost:
see open-session.ts, which has the same keys and waits.

Build first: tests run `build/spoke.js`.
*/
import {mkdirSync} from 'node:fs';
import process from 'node:process';
import {fileURLToPath} from 'node:url';
import {spawn, type IPty} from '@lydell/node-pty';
import type {ExecutionContext} from 'ava';
import type {Keymap} from '../../source/session/keymap/keymap.ts';
import {Semaphore} from '../../source/base/async/queues.ts';
import {loadKeymap} from '../../source/session/keymap/load-keymap.ts';
import {nodePath} from './node-path.ts';
import {reserveSlot, ScreenWatch, testScreen, type TestScreen} from './test-screen.ts';

const builtProgram = process.env['SPOKE_PROGRAM'] ?? fileURLToPath(new URL('../../build/spoke.js', import.meta.url));

/** Shared by all tests: each has its own home, but V8 compiles the same code. */
export const compiledCode = fileURLToPath(new URL('../../node_modules/.cache/spoke-tests', import.meta.url));
mkdirSync(compiledCode, {recursive: true, mode: 0o700});

const slots = new Semaphore(4);

export type TestTerminal = TestScreen & {
	signal(name: string): void;
	readonly pid: number;
};

export type TerminalOptions = {
	program?: string;
	columns?: number;
	rows?: number;
	env?: NodeJS.ProcessEnv;
	keymap?: Keymap;
	home: string;
};

export async function openTerminal(
	t: Pick<ExecutionContext, 'teardown' | 'pass'>,
	argv: readonly string[],
	{columns = 80, rows = 24, keymap, ...options}: TerminalOptions,
): Promise<TestTerminal> {
	await reserveSlot(t, slots);
	const keys = keymap ?? (await loadKeymap({})).keymap;
	const child = spawnProgram(argv, {...options, columns, rows});
	const watch = new ScreenWatch(columns, rows);
	let hasExited = false;
	const exited = Promise.withResolvers<void>();
	child.onData(data => {
		watch.write(data);
	});
	child.onExit(({exitCode, signal}) => {
		hasExited = true;
		exited.resolve();
		watch.end(signal ? 128 + signal : exitCode);
	});
	// No program outlives its test.
	t.teardown(async () => {
		if (!hasExited) {
			child.kill('SIGKILL');
			await exited.promise;
		}

		watch.emulator.dispose();
	});

	return {
		...testScreen(t, watch, keys, {
			type(text) {
				child.write(text);
			},
			resize(columns, rows) {
				child.resize(columns, rows);
			},
		}),
		signal(name) {
			child.kill(name);
		},
		pid: child.pid,
	};
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
