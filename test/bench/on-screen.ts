/**
 * A program in a pseudo-terminal whose screen is read through a terminal emulator: measures when something appears on it, and the memory
 * and CPU of the program.
 */
import {mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {spawn} from '@lydell/node-pty';
import xterm from '@xterm/headless';
import {benchEnvironment, usageOf} from './measure.ts';

export type OnScreen = {
	type(keys: string): void;
	/**
	 * Milliseconds since the start, or since `since`, until `isThere` held for the rows of the screen. A predicate without parameters gets no
	 * rows and reads with `row()` itself, because reading the whole screen takes 1 ms, which would be part of the result.
	 */
	until(what: string, isThere: (rows: readonly string[]) => boolean, since?: number, limitMs?: number): Promise<number>;
	rows(): string[];
	row(at: number): string;
	/** Sent to the terminal so far. */
	bytes(): number;
	usage(): Promise<{residentMiB: number; mostResidentMiB: number; cpuS: number}>;
	end(): Promise<void>;
	readonly startedAt: number;
};

const standardLimitMs = 120_000;

export async function onScreen(
	command: readonly string[],
	{columns = 120, rows = 40, env = {}}: {columns?: number; rows?: number; env?: NodeJS.ProcessEnv} = {},
): Promise<OnScreen> {
	const home = await mkdtemp(join(tmpdir(), 'spoke-bench-'));
	const {CI: _ci, TMUX: _tmux, SSH_TTY: _ssh, ...outer} = benchEnvironment();
	const emulator = new xterm.Terminal({cols: columns, rows, allowProposedApi: true, scrollback: 0});
	const startedAt = performance.now();
	const child = spawn(command[0]!, command.slice(1), {
		name: 'xterm-256color',
		cols: columns,
		rows,
		env: {...outer, HOME: home, XDG_CONFIG_HOME: `${home}/.config`, LANG: 'C.UTF-8', TERM: 'xterm-256color', ...env},
	});
	const row = (at: number) => emulator.buffer.active.getLine(emulator.buffer.active.viewportY + at)?.translateToString(true) ?? '';
	const screen = () => Array.from({length: rows}, (_, at) => row(at));
	const looking = new Set<() => void>();
	let exited: number | null = null;
	let bytes = 0;
	child.onData(data => {
		bytes += Buffer.byteLength(data);
		emulator.write(data, () => {
			for (const look of looking) {
				look();
			}
		});
	});
	const gone = new Promise<void>(resolve => {
		child.onExit(({exitCode}) => {
			exited = exitCode;
			resolve();
		});
	});
	emulator.onData(answer => {
		child.write(answer);
	});
	return {
		startedAt,
		rows: screen,
		row,
		type(keys) {
			child.write(keys);
		},
		async until(what, isThere, since = startedAt, limitMs = standardLimitMs) {
			return new Promise((resolve, reject) => {
				const timer = setTimeout(() => {
					looking.delete(look);
					reject(new Error(`${command.join(' ')}: ${what} was not seen; status ${exited}; the screen:\n${screen().join('\n')}`));
				}, limitMs);
				const look = () => {
					if (!isThere(isThere.length === 0 ? [] : screen())) {
						return;
					}

					clearTimeout(timer);
					looking.delete(look);
					resolve(performance.now() - since);
				};

				looking.add(look);
				look();
			});
		},
		bytes: () => bytes,
		usage: async () => (await usageOf(child.pid))!,
		async end() {
			child.kill('SIGTERM');
			const timer = setTimeout(() => {
				child.kill('SIGKILL');
			}, 3000);
			await gone;
			clearTimeout(timer);
			emulator.dispose();
			await rm(home, {recursive: true, force: true, maxRetries: 3});
		},
	};
}
