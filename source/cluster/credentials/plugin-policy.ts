/** Credential plugin policy of kuberc, and program lookup on PATH. */
import {accessSync, constants, statSync} from 'node:fs';
import {delimiter, isAbsolute, join, normalize} from 'node:path';
import {SpokeError} from '../../errors/spoke-error.ts';
import {fileErrorText, readFileBounded} from '../kubeconfig/read-file-bounded.ts';
import type {ExecEntry} from '../kubeconfig/kubeconfig-shape.ts';
import type {PlainValue} from '../kubeconfig/parse-yaml.ts';
import {homeDirectory} from '../../command-line/directories.ts';
import {parseDocument} from '../kubeconfig/parse-document.ts';

const maxFileBytes = 1024 * 1024;

/** The policy for credential plugins, as written. */
type Preference = {credentialPluginPolicy: PlainValue; credentialPluginAllowlist: PlainValue};

/** `undecodable`: at least one document is neither a Preference nor of another kind or version. */
type ParsedKuberc = {preference: Preference} | {preference: null; documents: 'none' | 'foreign' | 'undecodable'};

const versions = ['kubectl.config.k8s.io/v1beta1', 'kubectl.config.k8s.io/v1alpha1'];

/**
From `$KUBERC`, else `~/.kube/kuberc`. One that cannot be read or decoded denies the plugin, because it may forbid it.
@see https://kubernetes.io/docs/reference/kubectl/kuberc/
@throws SpokeError ERR_CREDENTIAL_PLUGIN, ERR_KUBECONFIG_INVALID
*/
export async function assertPluginAllowed(exec: ExecEntry, environment: NodeJS.ProcessEnv): Promise<void> {
	const command = normalize(exec.command);
	const {policy, allowed} = await readPolicy(environment);
	if (policy === 'DenyAll') {
		throw notAllowed(`plugin "${command}" not allowed: policy set to "DenyAll"`);
	}

	if (policy !== 'Allowlist' || allowed.includes(command)) {
		return;
	}

	const resolved = lookPath(command, environment);
	if (resolved === null || allowed.every(entry => lookPath(entry, environment) !== resolved)) {
		throw notAllowed(`plugin path "${resolved ?? command}" is not permitted by the credential plugin allowlist`);
	}
}

function notAllowed(why: string): SpokeError {
	return new SpokeError('ERR_CREDENTIAL_PLUGIN', `getting credentials: ${why}`, {
		remedy: 'change credentialPluginPolicy or credentialPluginAllowlist in your kuberc',
	});
}

type Policy = {policy: 'AllowAll' | 'DenyAll' | 'Allowlist'; allowed: readonly string[]};

async function readPolicy(environment: NodeJS.ProcessEnv): Promise<Policy> {
	const explicit = environment['KUBERC'] ?? '';
	if (environment['KUBECTL_KUBERC']?.toLowerCase() === 'false' || explicit === 'off') {
		return {policy: 'AllowAll', allowed: []};
	}

	const file = explicit === '' ? defaultKuberc(environment) : explicit;
	const policyError = (why: string, cause?: unknown) =>
		new SpokeError('ERR_KUBECONFIG_INVALID', `kuberc ${file}: ${why}`, {
			remedy: 'correct the file, or set KUBECTL_KUBERC=false',
			cause,
		});
	let parsed: ParsedKuberc;
	try {
		parsed = await readKuberc(file);
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code === 'ENOENT' && explicit === '') {
			return {policy: 'AllowAll', allowed: []};
		}

		throw policyError(fileErrorText(error as NodeJS.ErrnoException), error);
	}

	if (parsed.preference === null) {
		if (parsed.documents === 'undecodable' || (parsed.documents === 'foreign' && explicit !== '')) {
			throw policyError('no valid preferences found');
		}

		return {policy: 'AllowAll', allowed: []};
	}

	const {credentialPluginPolicy: policy, credentialPluginAllowlist: list} = parsed.preference;
	if (policy === '' || policy === 'AllowAll' || policy === 'DenyAll') {
		if (list !== null) {
			throw policyError(`misconfigured credential plugin allowlist: plugin policy is "${policy}" but allowlist is non-nil`);
		}

		return {policy: policy || 'AllowAll', allowed: []};
	}

	if (policy !== 'Allowlist') {
		throw policyError(`unknown plugin policy: "${typeof policy === 'string' ? policy : 'no string'}"`);
	}

	const allowed = Array.isArray(list) ? (list as PlainValue[]).map(entry => commandOf(entry)) : [];
	if (allowed.length === 0 || allowed.includes('')) {
		throw policyError('credential plugin policy set to "Allowlist", but allowlist is empty or has an empty entry; use "DenyAll" instead');
	}

	return {policy, allowed};
}

/** `name` is the older field for `command`. */
function commandOf(entry: PlainValue): string {
	const command: unknown = entry instanceof Map ? (entry.get('command') ?? entry.get('name')) : null;
	return typeof command === 'string' ? command : '';
}

/** As in Go's exec.LookPath, relative PATH entries do not count. */
export function lookPath(command: string, environment: NodeJS.ProcessEnv): string | null {
	const candidates = command.includes('/')
		? [command]
		: (environment['PATH'] ?? '')
				.split(delimiter)
				.filter(directory => isAbsolute(directory))
				.map(directory => join(directory, command));
	return candidates.find(candidate => isProgram(candidate)) ?? null;
}

function isProgram(path: string): boolean {
	try {
		accessSync(path, constants.X_OK);
		return statSync(path).isFile();
	} catch {
		return false;
	}
}

/** Of a user who named no other file. */
export function defaultKuberc(environment: NodeJS.ProcessEnv): string {
	return join(homeDirectory(environment) ?? '', '.kube', 'kuberc');
}

/**
The first Preference that can be decoded.
@throws NodeJS.ErrnoException, or Error for a file that is too long
@see https://github.com/kubernetes/kubernetes/blob/v1.36.3/staging/src/k8s.io/kubectl/pkg/kuberc/marshal.go decodePreference
*/
async function readKuberc(file: string): Promise<ParsedKuberc> {
	const text = (await readFileBounded(file, maxFileBytes)).toString('utf8');
	const documents = text.split(/^---.*$/m).filter(document => document.trim() !== '');
	let isUndecodable = false;
	for (const document of documents) {
		try {
			const preference = preferenceIn(await parseDocument(document));
			if (preference) {
				return {preference};
			}
		} catch {
			isUndecodable = true;
		}
	}

	return {preference: null, documents: documents.length === 0 ? 'none' : isUndecodable ? 'undecodable' : 'foreign'};
}

/** `null` for another kind or version. */
function preferenceIn(document: PlainValue): Preference | null {
	if (!(document instanceof Map) || document.get('kind') !== 'Preference' || !versions.includes(document.get('apiVersion') as string)) {
		return null;
	}

	const [policy = '', list = null] = ['credentialPluginPolicy', 'credentialPluginAllowlist'].map(
		name => document.get(name) as PlainValue | undefined,
	);
	return {credentialPluginPolicy: policy ?? '', credentialPluginAllowlist: list};
}
