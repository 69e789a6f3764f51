/** `spoke attach`. */
import {assertAccess} from '../../session/actions/access.ts';
import {defaultDetachKeys, parseDetachKeys} from '../../base/terminal/detach-keys.ts';
import type {Command} from '../command.ts';
import {runRecorded, runRemoteCommand} from '../remote-command/run-remote-command.ts';
import {attachSpec} from './spec.ts';
import {assertUsage} from '../usage.ts';

export const command: Command<typeof attachSpec.flags> = {
	spec: attachSpec,
	async run(invocation) {
		const {flags, positionals, afterDash = []} = invocation;
		assertAccess('attach', 'shell', {readOnly: flags['read-only']});
		const words = [...positionals, ...afterDash];
		// Unlike exec, kubectl attach accepts a kind and a name as two words.
		const isPair = words.length === 2 && words.every(word => !word.includes('/'));
		const [target] = isPair ? [words.join('/')] : words.length === 1 ? words : [];
		assertUsage(
			target !== undefined,
			`one target is required: a pod, KIND/NAME, or KIND NAME; ${words.length === 0 ? 'got none' : `got: ${words.join(' ')}`}`,
		);
		const detachKeys = parseDetachKeys(flags['detach-keys'] || defaultDetachKeys);
		return runRecorded(invocation, async recording =>
			runRemoteCommand(invocation, {feature: 'attach', target, command: [], detachKeys}, recording),
		);
	},
};
