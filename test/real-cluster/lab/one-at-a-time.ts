/** Prevents concurrent starts: in one process by key, between processes by a lock file. */
import {open, readFile, rm} from 'node:fs/promises';
import {join} from 'node:path';
import process from 'node:process';
import {startTicksOf} from './daemon.ts';
import type {Lab} from './lab.ts';
import {waitFor} from './wait.ts';

const underWay = new Map<string, Promise<unknown>>();

/** Joins a run of the same key. */
export async function joined<Value>(key: string, work: () => Promise<Value>): Promise<Value> {
	const running = underWay.get(key) as Promise<Value> | undefined;
	if (running) {
		return running;
	}

	const started = work().finally(() => underWay.delete(key));
	underWay.set(key, started);
	return started;
}

/** A lock of a process that died does not count. */
export async function exclusively<Value>(lab: Lab, work: () => Promise<Value>): Promise<Value> {
	const file = join(lab.folder, 'lock');
	await waitFor(
		'the lock of the lab',
		async () => {
			try {
				const handle = await open(file, 'wx');
				await handle.writeFile(`${process.pid} ${await startTicksOf(process.pid)}`);
				await handle.close();
				return true;
			} catch {
				const [pid, startTicks] = (await readFile(file, 'utf8')).split(' ');
				if (startTicks && (await startTicksOf(Number(pid))) !== startTicks) {
					await rm(file, {force: true});
				}

				return false;
			}
		},
		{limitMs: 300_000},
	);
	try {
		return await work();
	} finally {
		await rm(file, {force: true});
	}
}
