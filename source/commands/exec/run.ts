/** `spoke exec`: runs a command in a container; its exit status is ours. */
import {text} from 'node:stream/consumers';
import {assertAccess} from '../../actions/access.ts';
import {readFileBounded} from '../../cluster/kubeconfig/read-file-bounded.ts';
import {quoteForShell} from '../../text/quote-for-shell.ts';
import {SpokeError} from '../../errors/spoke-error.ts';
import {multipleObjectsError, targetOfManifest, type ManifestTarget} from '../../targets/target-of-manifest.ts';
import type {Command, Invocation} from '../command.ts';
import {runRemoteCommand} from '../remote-command/run-remote-command.ts';
import {execSpec} from './spec.ts';

/** More than any object has that an apiserver takes. */
const mostBytes = 4 * 1024 * 1024;

export const command: Command<typeof execSpec.flags> = {
	row: execSpec,
	async run(invocation) {
		const {flags, positionals, afterDash} = invocation;
		assertAccess('exec', 'shell', {readOnly: flags['read-only']});
		const {filename} = flags;
		const named = filename.length === 0 ? positionals[0] : filename.join(',');
		if (filename.length > 0 && positionals.length > 0) {
			throw new SpokeError('ERR_USAGE', 'resource/name arguments cannot be provided when a path is specified', {
				remedy: 'spoke exec -f FILE -- COMMAND',
			});
		}

		if (positionals.length > 1) {
			throw new SpokeError('ERR_USAGE', `one target is allowed before --, ${positionals.length} were given: ${positionals.join(' ')}`, {
				remedy: 'spoke exec TARGET -- COMMAND',
			});
		}

		if (named === undefined) {
			throw new SpokeError('ERR_USAGE', 'a target is needed: a pod, or KIND/NAME');
		}

		if (afterDash === undefined || afterDash.length === 0) {
			throw new SpokeError('ERR_USAGE', 'a command is needed behind --', {
				remedy: `spoke exec ${filename.length > 0 ? '-f ' : ''}${quoteForShell(named)} -- COMMAND`,
			});
		}

		const {input: asked, namespace} = filename.length === 0 ? {input: named, namespace: null} : await described(invocation);
		return runRemoteCommand(invocation, {feature: 'exec', asked, command: afterDash, ...(namespace !== null && {namespace})});
	},
};

/** What -f names, and in which namespace it says that it is. */
async function described({
	flags: {filename, stdin: isInput, namespace: wanted},
	stdin,
}: Invocation<typeof execSpec.flags>): Promise<ManifestTarget> {
	const [file = '', ...more] = filename;
	if (more.length > 0) {
		throw multipleObjectsError();
	}

	if (file === '-' && isInput) {
		throw new SpokeError('ERR_USAGE', 'stdin cannot be the manifest and the command’s input at once');
	}

	const content = await (file === '-' ? text(stdin) : readFileBounded(file, mostBytes).then(String)).catch((error: unknown) => {
		throw new SpokeError('ERR_LOCAL_FILE', `${file} cannot be read: ${(error as Error).message}`, {cause: error});
	});
	const target = await targetOfManifest(content, file);
	if (wanted && target.namespace !== null && wanted !== target.namespace) {
		throw new SpokeError(
			'ERR_USAGE',
			`the namespace from the provided object ${JSON.stringify(target.namespace)} does not match the namespace ${JSON.stringify(wanted)}`,
			{
				remedy: `pass --namespace=${quoteForShell(target.namespace)}`,
			},
		);
	}

	return target;
}
