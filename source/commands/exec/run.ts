/** `spoke exec`. */
import {text} from 'node:stream/consumers';
import {assertAccess} from '../../session/actions/access.ts';
import {readFileBounded} from '../../cluster/kubeconfig/read-file-bounded.ts';
import {quoteForShell} from '../../base/text/escaping.ts';
import {SpokeError} from '../../base/errors/spoke-error.ts';
import {multipleObjectsError, targetOfManifest, type ManifestTarget} from '../../cluster/targets/parse-target.ts';
import type {Command, Invocation} from '../command.ts';
import {runRecorded, runRemoteCommand} from '../remote-command/run-remote-command.ts';
import {execSpec} from './spec.ts';
import {assertUsage} from '../usage.ts';

/** Larger than any object that an apiserver accepts. */
const maxManifestBytes = 4 * 1024 * 1024;

export const command: Command<typeof execSpec.flags> = {
	spec: execSpec,
	async run(invocation) {
		const {flags, positionals, afterDash} = invocation;
		assertAccess('exec', 'shell', {readOnly: flags['read-only']});
		const {filename} = flags;
		const named = filename.length === 0 ? positionals[0] : filename.join(',');
		assertUsage(
			filename.length === 0 || positionals.length === 0,
			'resource/name arguments cannot be provided when a path is specified',
			'spoke exec -f FILE -- COMMAND',
		);
		assertUsage(
			positionals.length <= 1,
			`expected one target before --, got ${positionals.length}: ${positionals.join(' ')}`,
			'spoke exec TARGET -- COMMAND',
		);
		assertUsage(named !== undefined, 'a target is required: a pod, or KIND/NAME');
		assertUsage(
			afterDash !== undefined && afterDash.length > 0,
			'a command is required after --',
			`spoke exec ${filename.length > 0 ? '-f ' : ''}${quoteForShell(named)} -- COMMAND`,
		);
		const {input: target, namespace} = filename.length === 0 ? {input: named, namespace: null} : await readManifestTarget(invocation);
		const request = {feature: 'exec' as const, target, command: afterDash, ...(namespace !== null && {namespace})};
		return runRecorded(invocation, async recording => runRemoteCommand(invocation, request, recording));
	},
};

async function readManifestTarget({
	flags: {filename, stdin: isInput, namespace: wanted},
	stdin,
}: Invocation<typeof execSpec.flags>): Promise<ManifestTarget> {
	const [file = '', ...more] = filename;
	if (more.length > 0) {
		throw multipleObjectsError();
	}

	assertUsage(file !== '-' || !isInput, 'stdin cannot be both the manifest and the input of the command');
	const content = await (file === '-' ? text(stdin) : readFileBounded(file, maxManifestBytes).then(String)).catch((error: unknown) => {
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
