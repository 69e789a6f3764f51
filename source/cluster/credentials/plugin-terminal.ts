/** The person's terminal, as far as a credential plugin may have it: to ask a password, or to show the code and address of a login. */
import process from 'node:process';
import {isatty} from 'node:tty';

export type PluginTerminal = {
	/** Whether there is one to lend. */
	readonly isAvailable: boolean;
	/**
	Whether something else is on it, so that a plugin gets it only when it must: new credentials in place of old ones are then first asked for without it.
	*/
	readonly isShared: boolean;
	/** Runs `work` while the plugin `command` has it; waits for its turn. */
	lend<Result>(command: string, work: () => Promise<Result>): Promise<Result>;
	/** Takes what a plugin says on stderr while it has no terminal; control sequences are out of it. */
	showStderr(text: string): void;
};

/** Of a program that keeps it for nothing else. */
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
