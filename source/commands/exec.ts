/** `spoke exec`: runs a command in a container; its exit status is ours. */
import {guardAccess} from '../actions/access.ts';
import {shellWord} from '../text/shell-word.ts';
import {SpokeError} from '../errors/spoke-error.ts';
import type {Command} from './command.ts';
import {runRemoteCommand} from './remote-command/run-remote-command.ts';
import {execRow} from './rows/exec.ts';

export const command: Command<typeof execRow.flags> = {
	row: execRow,
	async run(invocation) {
		const {flags, positionals, afterDash} = invocation;
		guardAccess('exec', 'shell', {readOnly: flags['read-only']});
		const [target, ...surplus] = positionals;
		if (surplus.length > 0) {
			throw new SpokeError('ERR_USAGE', `one target is allowed before --, ${positionals.length} were given: ${positionals.join(' ')}`, {remedy: 'spoke exec TARGET -- COMMAND'});
		}

		if (target === undefined) {
			throw new SpokeError('ERR_USAGE', 'a target is needed: a pod, or KIND/NAME');
		}

		if (afterDash === undefined || afterDash.length === 0) {
			throw new SpokeError('ERR_USAGE', 'a command is needed behind --', {remedy: `spoke exec ${shellWord(target)} -- COMMAND`});
		}

		return runRemoteCommand(invocation, {feature: 'exec', asked: target, command: afterDash});
	},
};
