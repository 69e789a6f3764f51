/** A credential plugin's access to the user's terminal. */
import process from 'node:process';
import {isatty} from 'node:tty';
import {Semaphore} from '../../async/semaphore.ts';

export type PluginTerminal = {
	readonly isAvailable: boolean;
	/** The session draws on it too, so a renewal of credentials first tries without it. */
	readonly isShared: boolean;
	lend<Result>(command: string, work: () => Promise<Result>): Promise<Result>;
	showStderr(text: string): void;
};

/** With several contexts, several plugins can prompt. */
const turns = new Semaphore(1);

export const processTerminal: PluginTerminal = {
	get isAvailable() {
		return isatty(0);
	},
	isShared: false,
	lend: async (_command, work) => turns.run(work),
	showStderr(text) {
		process.stderr.write(text);
	},
};
