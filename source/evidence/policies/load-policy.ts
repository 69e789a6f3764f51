/** Loader of the user's policy. */
import {existsSync, lstatSync, readFileSync, realpathSync, statSync} from 'node:fs';
import {dirname, join} from 'node:path';
import type {ClusterInfo} from '../../cluster/cluster-client.ts';
import {configDirectory, homeDirectory, assertOwn} from '../../base/command-line/private-files.ts';
import {formatProblem, type SettingsProblem, isSpokeError, SpokeError} from '../../base/errors/spoke-error.ts';
import type {PathRequirement} from '../require-path.ts';
import {type Policy, requirementsFor} from './policy.ts';

/** `~/.config/spoke/policy.yaml`. @throws SpokeError ERR_POLICY without a home directory, because there may be a policy in it */
export function policyPath(env: NodeJS.ProcessEnv, home = homeDirectory(env)): string {
	const directory = configDirectory({...env, HOME: home ?? ''});
	if (directory === null) {
		throw new SpokeError(
			'ERR_POLICY',
			'it is unknown whether you have a policy: HOME is not set and the user database has no home directory',
			{
				remedy: 'set HOME or XDG_CONFIG_HOME',
			},
		);
	}

	return join(directory, 'policy.yaml');
}

type ReadPolicy = Policy & {problems: readonly SettingsProblem[]};

/**
`null` if there is no file.
@throws SpokeError ERR_POLICY if it cannot be read, has a problem, or others can write it: then no stream may open
*/
export async function loadPolicy(env: NodeJS.ProcessEnv): Promise<ReadPolicy | null> {
	const read = await readPolicy(env);
	const [first] = read?.problems ?? [];
	if (first) {
		throw new SpokeError('ERR_POLICY', formatProblem(first));
	}

	return read;
}

/** What the user's policy requires of a cluster. @throws SpokeError as `loadPolicy` */
export async function policyRequirements(env: NodeJS.ProcessEnv, cluster: ClusterInfo): Promise<readonly PathRequirement[]> {
	const policy = await loadPolicy(env);
	return policy === null ? [] : requirementsFor(policy, cluster);
}

/** `null` if there is no file. @throws SpokeError ERR_POLICY if it cannot be read or others can write it */
export async function readPolicy(env: NodeJS.ProcessEnv): Promise<ReadPolicy | null> {
	const file = policyPath(env);
	const text = readOwnFile(file);
	if (text === null) {
		return null;
	}

	const {parsePolicy} = await import('./parse-policy.ts');
	return parsePolicy(file, text);
}

function readOwnFile(file: string): string | null {
	try {
		// Anyone who can write the policy can remove it, also where a link leads.
		for (const path of [file, dirname(file), dirname(realpathSync(file))]) {
			assertOwn(path, statSync(path), {code: 'ERR_POLICY', content: 'the policy'});
		}

		return readFileSync(file, 'utf8');
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
			assertNoBrokenLink(file);
			return null;
		}

		throw isSpokeError(error)
			? error
			: new SpokeError('ERR_POLICY', `cannot read policy ${file}: ${(error as Error).message}`, {cause: error});
	}
}

/** A broken link does not mean that there is no policy: it can be on a disk that is not mounted. */
function assertNoBrokenLink(file: string): void {
	let path = file;
	while (lstatSync(path, {throwIfNoEntry: false}) === undefined && path !== dirname(path)) {
		path = dirname(path);
	}

	if (!existsSync(path)) {
		throw new SpokeError('ERR_POLICY', `cannot read policy ${file}: ${path} is a broken link`, {
			remedy: 'restore what it links to, or remove the link if you want no policy',
		});
	}
}
