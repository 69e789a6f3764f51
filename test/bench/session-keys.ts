/** A cursor key held on the list of pods, on a screen of 200×50: what each key costs, beside k9s. */
import {pause, type Figures, type Group, type Program} from './measure.ts';
import {onScreen} from './on-screen.ts';

/** A pod of the lab whose name is on the first screen. */
const pod = 'tcp-0';
const keyCount = 150;
/** 30 keys a second, as a terminal repeats a held key. */
const repeatMs = 1000 / 30;
/** The cursor goes down and up again within the rows on the screen. */
const rowsDown = 5;

export const sessionKeyGroups: readonly Group[] = [
	{name: 'session cursor key held', programs: ['spoke', 'k9s'], isSlow: true, measure: heldKey},
];

async function heldKey({name, command}: Program): Promise<Figures> {
	const list = name === 'k9s' ? ['--splashless', '--command', 'pods', '--namespace', 'demo'] : ['-n', 'demo'];
	const screen = await onScreen([...command, ...list], {columns: 200, rows: 50});
	await screen.until('the pods', rows => rows.some(row => row.includes(pod)));
	// Compiled code is warm after as many keys.
	await pressKeys(screen.type);
	const [before, bytesBefore] = [await screen.usage(), screen.bytes()];
	await pressKeys(screen.type);
	const [after, bytesAfter] = [await screen.usage(), screen.bytes()];
	await screen.end();
	return new Map([
		['CPU per key, ms', ((after.cpuS - before.cpuS) * 1000) / keyCount],
		['bytes per key', (bytesAfter - bytesBefore) / keyCount],
	]);
}

async function pressKeys(type: (keys: string) => void): Promise<void> {
	for (let index = 0; index < keyCount; index++) {
		type(index % (2 * rowsDown) < rowsDown ? 'j' : 'k');
		await pause(repeatMs);
	}

	// What the last keys changed is drawn by then.
	await pause(500);
}
