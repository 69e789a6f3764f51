/** `spoke tail`: the session's tail, straight from the shell. */
import {setFlagsFromString} from 'node:v8';
import {SpokeError} from '../errors/spoke-error.ts';
import {loadKeymap} from '../keymap/load-keymap.ts';
import type {Command} from './command.ts';
import {tailRow} from './rows/tail.ts';

export const command: Command<typeof tailRow.flags> = {
	row: tailRow,
	async run({flags, positionals, stdin, stdout, env, interrupted}) {
		const selector = flags.selector ?? null;
		if ((positionals.length === 0) === (selector === null)) {
			throw new SpokeError('ERR_USAGE', 'name a target, or labels with -l');
		}

		if (flags['all-namespaces'] && selector === null) {
			throw new SpokeError('ERR_USAGE', '--all-namespaces goes with -l: a target is in one namespace');
		}

		if (flags['all-containers'] && flags.container !== undefined) {
			throw new SpokeError('ERR_USAGE', `--all-containers should not be given with container name ${flags.container}`);
		}

		if (!stdin.isTTY || !stdout.isTTY) {
			throw new SpokeError('ERR_NO_TERMINAL', 'tail needs a terminal', {remedy: 'use `spoke logs -f` in scripts'});
		}

		const loaded = await loadKeymap(env, flags.keymap);
		// As the session's own start.
		setFlagsFromString('--semi-space-growth-factor=1');
		const {runSession} = await import('../app.tsx');
		return runSession({
			flags, env, stdin, stdout, interrupted, keymap: loaded.keymap, keymapProblems: loaded.problems, readOnly: flags['read-only'], allNamespaces: flags['all-namespaces'], theme: flags.theme, motion: flags.motion,
			tail: {
				wish: {targets: positionals, selector, containers: flags['all-containers'] ? {kind: 'all'} : flags.container === undefined ? {kind: 'default'} : {kind: 'named', name: flags.container}},
				since: flags.since, previous: flags.previous,
			},
		});
	},
};
