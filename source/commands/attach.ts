/** `spoke attach`: joins the process that runs in a container. */
import {guardAccess} from '../actions/access.ts';
import {SpokeError} from '../errors/spoke-error.ts';
import {defaultDetachKeys, parseDetachKeys} from '../terminal/detach-keys.ts';
import type {Command} from './command.ts';
import {runRemoteCommand} from './remote-command/run-remote-command.ts';
import {attachRow} from './rows/attach.ts';

export const command: Command<typeof attachRow.flags> = {
	row: attachRow,
	async run(invocation) {
		const {flags, positionals, afterDash = []} = invocation;
		guardAccess('attach', 'shell', {readOnly: flags['read-only']});
		const [target, ...surplus] = [...positionals, ...afterDash];
		if (target === undefined || surplus.length > 0) {
			throw new SpokeError('ERR_USAGE', `one target is needed: a pod, or KIND/NAME; ${surplus.length + positionals.slice(0, 1).length} were given`);
		}

		return runRemoteCommand(invocation, {
			feature: 'attach', asked: target, command: [], detachKeys: parseDetachKeys(flags['detach-keys'] || defaultDetachKeys),
		});
	},
};
