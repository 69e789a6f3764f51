/** `spoke`. */
import {assertAccess} from '../../session/actions/access.ts';
import {SpokeError} from '../../base/errors/spoke-error.ts';
import {parseCommandLine} from '../../base/command-line/parse-command-line.ts';
import type {Command} from '../command.ts';
import {unknownCommand} from '../load-command.ts';
import {chooseContexts, oneClusterError} from '../../cluster/kubeconfig/choose-contexts.ts';
import {firstUsable, hasKubeconfig, severalOf, startSession} from './start-session.ts';
import {demoSpec} from '../demo/spec.ts';
import {sessionSpec} from './spec.ts';

export const command: Command<typeof sessionSpec.flags> = {
	spec: sessionSpec,
	async run(invocation) {
		const {flags, positionals, stdin, stdout, env, interrupted} = invocation;
		if (positionals.length > 0) {
			throw unknownCommand(positionals[0]!);
		}

		if (flags.forwards !== undefined) {
			assertAccess('--forwards', 'listen', {readOnly: flags['read-only']});
		}

		const contexts = await chooseContexts(flags, env);
		if (flags.forwards !== undefined && contexts.length > 1) {
			throw oneClusterError('--forwards', contexts.length);
		}

		// The sandbox has none of the targets that a saved set names.
		if (flags.forwards === undefined && contexts.length === 1 && !(await hasKubeconfig(contexts[0]!, env))) {
			const {command} = await import('../demo/run.ts');
			const defaults = parseCommandLine(demoSpec.flags, []);
			const {'read-only': readOnly, keymap, theme, motion, mouse, record, 'record-input': recordInput} = flags;
			const screen = {'read-only': readOnly, keymap, theme, motion, mouse, record, 'record-input': recordInput};
			return command.run({...invocation, ...defaults, flags: {...defaults.flags, ...screen}});
		}

		if (!stdin.isTTY || !stdout.isTTY) {
			throw new SpokeError('ERR_NO_TERMINAL', 'the session needs a terminal');
		}

		return startSession(
			{flags, stdin, stdout, env, interrupted},
			{flags: await firstUsable(contexts, env), ...severalOf(contexts), allNamespaces: flags['all-namespaces'], forwards: flags.forwards},
		);
	},
};
