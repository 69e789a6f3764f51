/** `spoke tail`. */
import {chooseContexts} from '../../cluster/kubeconfig/choose-contexts.ts';
import {SpokeError} from '../../base/errors/spoke-error.ts';
import {levelNamed} from '../../base/lines/line-level.ts';
import type {Command} from '../command.ts';
import {tailSpec} from './spec.ts';
import {firstUsable, severalOf, startSession} from '../session/start-session.ts';
import {assertUsage} from '../usage.ts';

export const command: Command<typeof tailSpec.flags> = {
	spec: tailSpec,
	async run({flags, positionals, stdin, stdout, env, interrupted}) {
		const selector = flags.selector ?? null;
		assertUsage((positionals.length === 0) !== (selector === null), 'specify either a target or -l');
		assertUsage(!flags['all-namespaces'] || selector !== null, '--all-namespaces requires -l: a target is in one namespace');
		assertUsage(
			!flags['all-containers'] || flags.container === undefined,
			`--all-containers should not be given with container name ${flags.container}`,
		);
		if (!stdin.isTTY || !stdout.isTTY) {
			throw new SpokeError('ERR_NO_TERMINAL', 'tail needs a terminal', {remedy: 'use `spoke logs -f` in scripts'});
		}

		const contexts = await chooseContexts(flags, env);
		return startSession(
			{flags, stdin, stdout, env, interrupted},
			{
				flags: await firstUsable(contexts, env),
				allNamespaces: flags['all-namespaces'],
				tail: {
					...severalOf(contexts),
					options: {
						...(flags['all-namespaces'] && {namespace: null}),
						targets: positionals,
						selector,
						containers: flags['all-containers']
							? {kind: 'all'}
							: flags.container === undefined
								? {kind: 'default'}
								: {kind: 'named', name: flags.container},
					},
					start: {
						since: flags.since,
						previous: flags.previous,
						level: levelNamed(flags.level),
						fields: flags.field,
					},
				},
			},
		);
	},
};
