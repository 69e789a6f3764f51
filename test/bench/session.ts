/** The session beside k9s: until the pods are on the screen, and what it takes to keep them there. */
import {mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import process from 'node:process';
import {spawn} from '@lydell/node-pty';
import {benchEnvironment, pause, usageOf, type Figures, type Group, type Program} from './measure.ts';

/** A pod of the lab whose name is on the first screen. */
const pod = 'tcp-0';
const maxDurationMs = 30_000;
const restingS = 5;

export const sessionGroups: readonly Group[] = [{name: 'session first pods', programs: ['spoke', 'k9s'], isSlow: true, measure: firstPods}];

async function firstPods({name, command}: Program): Promise<Figures> {
	// Both would open the view of the last session.
	const stateHome = await mkdtemp(join(tmpdir(), 'spoke-bench-'));
	const began = performance.now();
	const child = spawn(command[0]!, [...command.slice(1), ...(name === 'k9s' ? ['--command=pods', '--headless', '--splashless'] : [])], {
		name: 'xterm-256color',
		cols: 120,
		rows: 40,
		env: {...benchEnvironment(), XDG_STATE_HOME: stateHome, TERM: 'xterm-256color', LANG: 'C.UTF-8', CI: ''},
		cwd: process.cwd(),
	});
	try {
		const shownMs = await untilShown(child, began);
		await pause(2000);
		const before = await usageOf(child.pid);
		await pause(restingS * 1000);
		const after = await usageOf(child.pid);
		return new Map([
			['first pods on the screen, ms', shownMs],
			['CPU at rest, ms a second', (((after?.cpuS ?? NaN) - (before?.cpuS ?? NaN)) * 1000) / restingS],
			['resident, MiB', after?.residentMiB ?? NaN],
		]);
	} finally {
		child.kill('SIGTERM');
		await rm(stateHome, {recursive: true, force: true});
	}
}

async function untilShown(child: ReturnType<typeof spawn>, began: number): Promise<number> {
	return new Promise((resolve, reject) => {
		let text = '';
		const timer = setTimeout(() => {
			reject(new Error(`no pod on the screen within ${maxDurationMs / 1000} s: ${JSON.stringify(text.slice(-500))}`));
		}, maxDurationMs);
		child.onData(data => {
			text += data;
			if (!text.includes(pod)) {
				return;
			}

			clearTimeout(timer);
			resolve(performance.now() - began);
		});
	});
}
