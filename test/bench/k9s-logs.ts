/** The logs of a pod in k9s, opened by its keys. */
import {pause} from './measure.ts';
import {onScreen, type OnScreen} from './on-screen.ts';

/** Of a pod in the namespace demo; that lines are on the screen is not waited for. */
export async function logsInK9s(command: readonly string[], pod: string): Promise<OnScreen> {
	const screen = await onScreen([...command, '--splashless', '--command', 'pods', '--namespace', 'demo']);
	const isRunning = (rows: readonly string[]) => rows.some(row => row.includes('Running') && row.includes(pod));
	await screen.until('the pod', isRunning);
	screen.type(`/${pod}\r`);
	await screen.until('only the pod', rows => isRunning(rows) && rows.every(row => !row.includes('finished-writer')));
	await pause(500);
	screen.type('l');
	return screen;
}
