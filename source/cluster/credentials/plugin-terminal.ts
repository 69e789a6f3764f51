/** Access of a credential plugin to the user's terminal, for a password prompt or a login code. */
import process from 'node:process';
import {isatty} from 'node:tty';

export type PluginTerminal = {
	readonly isAvailable: boolean;
	/** Something else uses it too, so a renewal first runs the plugin without it. */
	readonly isShared: boolean;
	/** Waits its turn, then runs `work` while the plugin `command` owns the terminal. */
	lend<Result>(command: string, work: () => Promise<Result>): Promise<Result>;
	/** Shows sanitized stderr of a plugin that runs without the terminal. */
	showStderr(text: string): void;
};

/** For a program that does not use the terminal itself. */
export const processTerminal: PluginTerminal = {
	get isAvailable() {
		return isatty(0);
	},
	isShared: false,
	lend: async (_command, work) => work(),
	showStderr(text) {
		process.stderr.write(text);
	},
};
