/** `spoke forwards`. */
import {findForwards, forwardsDirectory} from '../../detached-forwards/detached-forward-state.ts';
import {findStateDirectory} from '../../command-line/directories.ts';
import {exitStatus} from '../../errors/exit-status.ts';
import {SpokeError} from '../../errors/spoke-error.ts';
import type {Command} from '../command.ts';
import {checkSet} from './check-set.ts';
import {listForwards} from './list-forwards.ts';
import {showLog} from './show-log.ts';
import {forwardsSpec, forwardsVerbs, type ForwardsInvocation} from './spec.ts';
import {stopForwards} from './stop-forwards.ts';

export const command: Command<typeof forwardsSpec.flags> = {
	spec: forwardsSpec,
	async run(invocation) {
		const {positionals, env, flags} = invocation;
		const [verb = 'list', ...names] = positionals;
		const problem = argumentProblem(verb, names, flags);
		if (problem !== null) {
			throw new SpokeError('ERR_USAGE', problem);
		}

		if (verb === 'check') {
			return checkSet(invocation, names[0]!);
		}

		const directory = findStateDirectory(env, forwardsDirectory);
		const forwards = await findForwards(directory);
		switch (verb) {
			case 'stop': {
				await stopForwards(invocation, forwards, {directory, names});
				return exitStatus.ok;
			}

			case 'logs': {
				return showLog(invocation, forwards, names[0]!);
			}

			default: {
				await listForwards(invocation, forwards, directory);
				return exitStatus.ok;
			}
		}
	},
};

function argumentProblem(verb: string, names: readonly string[], {all, follow, output}: ForwardsInvocation['flags']): string | null {
	if (!forwardsVerbs.some(one => one === verb)) {
		return `${JSON.stringify(verb)} must be one of ${forwardsVerbs.join(', ')}`;
	}

	if (all && verb !== 'stop') {
		return '--all applies only to stop';
	}

	if (follow && verb !== 'logs') {
		return '--follow applies only to logs';
	}

	if (output === 'json' && verb !== 'list') {
		return '-o json applies only to list';
	}

	return nameProblem(verb, names, all);
}

function nameProblem(verb: string, names: readonly string[], all: boolean): string | null {
	if (verb === 'list') {
		return names.length === 0 ? null : `list takes no name, got ${names.join(' ')}`;
	}

	if (verb === 'logs' || verb === 'check') {
		const what = verb === 'logs' ? 'name or local port' : 'set or file';
		return names.length === 1 ? null : `${verb} takes one ${what}, got ${names.length}`;
	}

	if (all) {
		return names.length === 0 ? null : '--all cannot be used with names';
	}

	return names.length === 0 ? 'stop takes names or local ports, or --all' : null;
}
