/** Credential plugin policy of kuberc, and program lookup on PATH. */
import {accessSync, constants, statSync} from 'node:fs';
import {delimiter, isAbsolute, join, normalize} from 'node:path';
import {SpokeError} from '../../base/errors/spoke-error.ts';
import {fileErrorText, readFileBounded} from '../kubeconfig/read-file-bounded.ts';
import type {ExecEntry} from '../kubeconfig/kubeconfig-shape.ts';
import {homeDirectory} from '../../base/command-line/private-files.ts';
import {parseDocument} from '../kubeconfig/parse-document.ts';

const maxFileBytes = 1024 * 1024;

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

const unrestricted: Policy = {policy: 'AllowAll', allowed: []};

async function readPolicy(environment: NodeJS.ProcessEnv): Promise<Policy> {
	const explicit = environment['KUBERC'] ?? '';
	if (environment['KUBECTL_KUBERC']?.toLowerCase() === 'false' || explicit === 'off') {
		return unrestricted;
	}

	const file = explicit === '' ? defaultKuberc(environment) : explicit;
	try {
		const preference = await readPreference(file, explicit !== '');
		return preference === null ? unrestricted : policyIn(preference);
	} catch (cause) {
		const error = cause as NodeJS.ErrnoException;
		if (error.code === 'ENOENT' && explicit === '') {
			return unrestricted;
		}

		throw new SpokeError('ERR_KUBECONFIG_INVALID', `kuberc ${file}: ${fileErrorText(error)}`, {
			remedy: 'correct the file, or set KUBECTL_KUBERC=false',
			cause,
		});
	}
}

/**
The first Preference that can be decoded; `null` without any document, or without one that a default file could mean.
@throws NodeJS.ErrnoException, or Error for a file that is too long or has no valid Preference
@see https://github.com/kubernetes/kubernetes/blob/v1.36.3/staging/src/k8s.io/kubectl/pkg/kuberc/marshal.go decodePreference
*/
async function readPreference(file: string, isExplicit: boolean): Promise<ReadonlyMap<unknown, unknown> | null> {
	const text = (await readFileBounded(file, maxFileBytes)).toString('utf8');
	const documents = text.split(/^---.*$/m).filter(document => document.trim() !== '');
	let isInvalid = isExplicit && documents.length > 0;
	for (const document of documents) {
		const value = await parseDocument(document).catch(() => {
			isInvalid = true;
			return null;
		});
		if (value instanceof Map && value.get('kind') === 'Preference' && versions.includes(value.get('apiVersion') as string)) {
			return value;
		}
	}

	if (isInvalid) {
		throw new Error('no valid preferences found');
	}

	return null;
}

function policyIn(preference: ReadonlyMap<unknown, unknown>): Policy {
	const [policy, list] = ['credentialPluginPolicy', 'credentialPluginAllowlist'].map(name => preference.get(name) ?? null);
	if (policy === null || policy === '' || policy === 'AllowAll' || policy === 'DenyAll') {
		if (list !== null) {
			throw new Error(`misconfigured credential plugin allowlist: plugin policy is "${policy ?? ''}" but allowlist is non-nil`);
		}

		return {policy: policy || 'AllowAll', allowed: []};
	}

	if (policy !== 'Allowlist') {
		throw new Error(`unknown plugin policy: "${typeof policy === 'string' ? policy : 'no string'}"`);
	}

	const allowed = Array.isArray(list) ? list.map(entry => commandOf(entry)) : [];
	if (allowed.length === 0 || allowed.includes('')) {
		throw new Error('credential plugin policy set to "Allowlist", but allowlist is empty or has an empty entry; use "DenyAll" instead');
	}

	return {policy, allowed};
}

/** `name` is the older field for `command`. */
function commandOf(entry: unknown): string {
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
