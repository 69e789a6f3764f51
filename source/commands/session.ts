/** `spoke`: the session; without a kubeconfig the sandbox, without a terminal the tour of it. */
import {setFlagsFromString} from 'node:v8';
import {SpokeError} from '../errors/spoke-error.ts';
import {loadKeymap} from '../keymap/load-keymap.ts';
import {parseLine} from '../command-line/parse-line.ts';
import type {Command} from './command.ts';
import {hasKubeconfig} from './demo/has-kubeconfig.ts';
import {demoRow} from './rows/demo.ts';
import {sessionRow} from './rows/session.ts';

export const command: Command<typeof sessionRow.flags> = {
	row: sessionRow,
	async run(invocation) {
		const {flags, positionals, stdin, stdout, env, interrupted} = invocation;
		if (positionals.length > 0) {
			throw new SpokeError('ERR_USAGE', `unknown command: ${positionals[0]}`, {remedy: 'list the commands with `spoke help`'});
		}

		const hasTerminal = stdin.isTTY && stdout.isTTY;
		if (!await hasKubeconfig(flags, env)) {
			const {command} = await import('./demo.ts');
			const defaults = parseLine(demoRow.flags, []);
			const {'read-only': readOnly, keymap, theme, motion} = flags;
			return command.run({...invocation, ...defaults, flags: {...defaults.flags, 'read-only': readOnly, keymap, theme, motion}});
		}

		if (!hasTerminal) {
			throw new SpokeError('ERR_NO_TERMINAL', 'the session needs a terminal');
		}

		const loaded = await loadKeymap(env, flags.keymap);
		// Loading the session is garbage at once: a young generation that may not grow keeps it smaller from the start.
		setFlagsFromString('--semi-space-growth-factor=1');
		const {runSession} = await import('../app.tsx');
		return runSession({
			flags, env, stdin, stdout, interrupted, keymap: loaded.keymap, keymapProblems: loaded.problems, readOnly: flags['read-only'], allNamespaces: flags['all-namespaces'], theme: flags.theme, motion: flags.motion,
		});
	},
};
