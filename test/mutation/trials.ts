/** The process in which tests run against mutants. */
import {fork, type ChildProcess} from 'node:child_process';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import type {Report, Task} from './trial-process.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
/** Each trial leaves its modules loaded. */
const maxTasks = 150;
/** In which a new process loads what all trials share. */
const startMs = 120_000;

export class Trials {
	#child: ChildProcess | undefined;
	#tasks = 0;

	/** `undefined` if the process ended, or its event loop was blocked for `maxBlockedMs`. */
	async perform(task: Task, maxBlockedMs: number): Promise<Report | undefined> {
		if (this.#tasks >= maxTasks) {
			this.end();
		}

		const limitMs = maxBlockedMs + (this.#child === undefined ? startMs : 0);
		this.#tasks++;
		this.#child ??= fork(join(import.meta.dirname, 'trial-process.ts'), {
			execArgv: ['--no-warnings', '--import=./scripts/jsx-loader.ts'],
			cwd: root,
			stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
		});
		const child = this.#child;
		const {promise, resolve} = Promise.withResolvers<Report | undefined>();
		const blocked = setTimeout(() => resolve(undefined), limitMs);
		child
			.once('exit', () => resolve(undefined))
			.on('message', message => {
				if (message === 'alive') {
					blocked.refresh();
				} else {
					resolve(message as Report);
				}
			});
		child.send(task);
		const report = await promise;
		clearTimeout(blocked);
		child.removeAllListeners();
		if (report === undefined) {
			this.end();
		}

		return report;
	}

	end(): void {
		this.#child?.kill('SIGKILL');
		this.#child = undefined;
		this.#tasks = 0;
	}
}
