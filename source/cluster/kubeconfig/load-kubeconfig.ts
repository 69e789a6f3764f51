/** Loading and merging of kubeconfig files. */
import {delimiter, dirname, isAbsolute, join, resolve} from 'node:path';
import {homeDirectory} from '../../command-line/directories.ts';
import {SpokeError} from '../../errors/spoke-error.ts';
import {fileErrorText, readFileBounded} from './read-file-bounded.ts';
import {decodeKubeconfig} from './decode-kubeconfig.ts';
import {emptyKubeconfig, type Kubeconfig} from './kubeconfig-shape.ts';
import {parseFileDocument} from './parse-document.ts';

/** A thousand clusters with certificates have 6 MiB. */
const maxFileBytes = 8 * 1024 * 1024;

export type LoadedKubeconfig = {
	config: Kubeconfig;
	read: readonly string[];
	missing: readonly string[];
};

/**
By client-go's rules: `--kubeconfig` alone, else KUBECONFIG, else `~/.kube/config`. For each named cluster, user and context, and for
current-context, the first file that has it wins; fields of an entry are not merged.
@see https://kubernetes.io/docs/concepts/configuration/organize-cluster-access-kubeconfig/
@throws SpokeError ERR_KUBECONFIG_INVALID
*/
export async function loadKubeconfig(explicit: string | undefined, environment: NodeJS.ProcessEnv): Promise<LoadedKubeconfig> {
	const paths = explicit === undefined || explicit === '' ? fromEnvironment(environment) : [explicit];
	const found = await Promise.all(paths.map(async path => readKubeconfigFile(path, path === explicit)));
	const config = emptyKubeconfig();
	for (const one of found) {
		if (one) {
			mergeInto(config, one);
		}
	}

	return {config, read: paths.filter((_, index) => found[index]), missing: paths.filter((_, index) => found[index] === null)};
}

function fromEnvironment(environment: NodeJS.ProcessEnv): readonly string[] {
	const listed = environment['KUBECONFIG'] ?? '';
	if (listed !== '') {
		return [...new Set(listed.split(delimiter).filter(path => path !== ''))];
	}

	return [join(homeDirectory(environment) ?? '', '.kube', 'config')];
}

async function readKubeconfigFile(path: string, mustExist: boolean): Promise<Kubeconfig | null> {
	let content: Buffer;
	try {
		content = await readFileBounded(path, maxFileBytes);
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code === 'ENOENT' && !mustExist) {
			return null;
		}

		throw invalid(path, fileErrorText(error as NodeJS.ErrnoException), error);
	}

	try {
		const config = decodeKubeconfig(await parseFileDocument(content));
		resolvePaths(config, dirname(resolve(path)));
		return config;
	} catch (error) {
		throw invalid(path, (error as Error).message, error);
	}
}

function invalid(path: string, why: string, cause: unknown): SpokeError {
	return new SpokeError('ERR_KUBECONFIG_INVALID', `error loading config file "${path}": ${why}`, {cause});
}

function resolvePaths(config: Kubeconfig, directory: string): void {
	const resolvePath = (path: string) => (path === '' || isAbsolute(path) ? path : join(directory, path));
	for (const cluster of config.clusters.values()) {
		cluster.certificateAuthority = resolvePath(cluster.certificateAuthority);
	}

	for (const user of config.users.values()) {
		user.clientCertificate = resolvePath(user.clientCertificate);
		user.clientKey = resolvePath(user.clientKey);
		user.tokenFile = resolvePath(user.tokenFile);
		// A bare name is looked up on PATH (client-go GetAuthInfoFileReferences).
		if (user.exec?.command.includes('/')) {
			user.exec.command = resolvePath(user.exec.command);
		}
	}
}

function mergeInto(config: Kubeconfig, later: Kubeconfig): void {
	config.currentContext ||= later.currentContext;
	addMissing(config.clusters, later.clusters);
	addMissing(config.users, later.users);
	addMissing(config.contexts, later.contexts);
}

function addMissing<Entry>(into: Map<string, Entry>, from: ReadonlyMap<string, Entry>): void {
	for (const [name, entry] of from) {
		if (!into.has(name)) {
			into.set(name, entry);
		}
	}
}
