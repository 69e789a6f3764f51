/** Loading and merging of kubeconfig files. */
import {delimiter, dirname, isAbsolute, join, resolve} from 'node:path';
import {homeDirectory} from '../../base/command-line/private-files.ts';
import {SpokeError} from '../../base/errors/spoke-error.ts';
import {fileErrorText, readFileBounded} from './read-file-bounded.ts';
import {
	emptyKubeconfig,
	type Kubeconfig,
	type ClusterEntry,
	type ContextEntry,
	emptyCluster,
	emptyContext,
	emptyUser,
	type ExecEntry,
	type UserEntry,
} from './kubeconfig-shape.ts';
import {parseFileDocument} from './parse-document.ts';
import type {PlainValue} from './parse-yaml.ts';

/** A thousand clusters with certificates have 6 MiB. */
const maxFileBytes = 8 * 1024 * 1024;

export type LoadedKubeconfig = {
	config: Kubeconfig;
	read: readonly string[];
	missing: readonly string[];
};

type Fields = ReadonlyMap<unknown, PlainValue>;

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

/** @throws Error whose one-line message names the field and its expected type */
export function decodeKubeconfig(plain: PlainValue): Kubeconfig {
	const config = emptyKubeconfig();
	if (plain === null) {
		return config;
	}

	const root = fieldsOf(plain, 'the file');
	const kind = text(root, 'kind', 'kind');
	const apiVersion = text(root, 'apiVersion', 'apiVersion');
	if ((kind !== '' && kind !== 'Config') || (apiVersion !== '' && apiVersion !== 'v1')) {
		throw new Error(
			`no kind "${kind || 'Config'}" is registered for version "${apiVersion || 'v1'}": a kubeconfig is kind Config, apiVersion v1`,
		);
	}

	config.currentContext = text(root, 'current-context', 'current-context');
	named(root, 'clusters', 'cluster', config.clusters, decodeCluster);
	named(root, 'users', 'user', config.users, decodeUser);
	named(root, 'contexts', 'context', config.contexts, decodeContext);
	return config;
}

function decodeCluster(fields: Fields, where: string): ClusterEntry {
	const extensions = new Map<string, PlainValue>();
	named(fields, 'extensions', 'extension', extensions, (_, __, raw) => raw, where);
	return {
		...emptyCluster(),
		server: text(fields, 'server', where),
		tlsServerName: text(fields, 'tls-server-name', where),
		insecureSkipTlsVerify: flag(fields, 'insecure-skip-tls-verify', where),
		certificateAuthority: text(fields, 'certificate-authority', where),
		certificateAuthorityData: bytes(fields, 'certificate-authority-data', where),
		proxyUrl: text(fields, 'proxy-url', where),
		disableCompression: flag(fields, 'disable-compression', where),
		execExtension: asJson(extensions.get('client.authentication.k8s.io/exec')),
		sandbox: extensions.has('spoke.dev/sandbox'),
	};
}

function decodeUser(fields: Fields, where: string): UserEntry {
	const provider = optionalFields(fields, 'auth-provider', where);
	const exec = optionalFields(fields, 'exec', where);
	return {
		...emptyUser(),
		clientCertificate: text(fields, 'client-certificate', where),
		clientCertificateData: bytes(fields, 'client-certificate-data', where),
		clientKey: text(fields, 'client-key', where),
		clientKeyData: bytes(fields, 'client-key-data', where),
		token: text(fields, 'token', where),
		tokenFile: text(fields, 'tokenFile', where),
		impersonate: text(fields, 'as', where),
		impersonateUid: text(fields, 'as-uid', where),
		impersonateGroups: texts(fields, 'as-groups', where),
		impersonateUserExtra: new Map(
			pairs(fields, 'as-user-extra', where).map(([key]) => [key, texts(fieldsOf(fields.get('as-user-extra')!, where), key, where)]),
		),
		username: text(fields, 'username', where),
		password: text(fields, 'password', where),
		authProvider: provider && {
			name: text(provider, 'name', where),
			config: new Map(pairs(provider, 'config', where).map(([key]) => [key, text(fieldsOf(provider.get('config')!, where), key, where)])),
		},
		exec: exec && decodeExec(exec, where),
	};
}

function decodeExec(fields: Fields, where: string): ExecEntry {
	const apiVersion = text(fields, 'apiVersion', where);
	const interactiveMode = text(fields, 'interactiveMode', where);
	const env = list(fields, 'env', where).map(item => (item === null ? new Map() : fieldsOf(item, `${where}: env`)));
	return {
		command: text(fields, 'command', where),
		args: texts(fields, 'args', where),
		env: env.map(item => ({name: text(item, 'name', where), value: text(item, 'value', where)})),
		apiVersion,
		installHint: text(fields, 'installHint', where),
		provideClusterInfo: flag(fields, 'provideClusterInfo', where),
		// Only older versions have a default: client-go tools/clientcmd/api/v1/defaults.go.
		interactiveMode: interactiveMode === '' && /\/v1(?:alpha1|beta1)$/.test(apiVersion) ? 'IfAvailable' : interactiveMode,
	};
}

function decodeContext(fields: Fields, where: string): ContextEntry {
	return {
		...emptyContext(),
		cluster: text(fields, 'cluster', where),
		user: text(fields, 'user', where),
		namespace: text(fields, 'namespace', where),
	};
}

/** A repeated name in one file is an error. */
function named<Entry>(
	root: Fields,
	plural: string,
	singular: string,
	into: Map<string, Entry>,
	decode: (fields: Fields, where: string, raw: PlainValue) => Entry,
	within = '',
): void {
	for (const item of list(root, plural, within || plural)) {
		// As in Go, a null entry has only defaults.
		const fields = item === null ? new Map() : fieldsOf(item, plural);
		const name = text(fields, 'name', plural);
		if (into.has(name)) {
			throw new Error(`duplicate name "${name}" in ${plural}`);
		}

		const raw = (fields.get(singular) ?? null) as PlainValue;
		into.set(
			name,
			decode(
				raw instanceof Map ? raw : raw === null || singular === 'extension' ? new Map() : fieldsOf(raw, `${singular} "${name}"`),
				`${singular} "${name}"`,
				raw,
			),
		);
	}
}

function fieldsOf(value: PlainValue, where: string): Fields {
	if (value instanceof Map) {
		return value as Fields;
	}

	throw new Error(`${where}: a map is needed, not ${typeName(value)}`);
}

function optionalFields(fields: Fields, name: string, where: string): Fields | null {
	const value = fields.get(name) ?? null;
	return value === null ? null : fieldsOf(value, `${where}: ${name}`);
}

function pairs(fields: Fields, name: string, where: string): Array<[string, PlainValue]> {
	const inner = optionalFields(fields, name, where);
	return inner === null ? [] : [...inner].filter((pair): pair is [string, PlainValue] => typeof pair[0] === 'string');
}

function list(fields: Fields, name: string, where: string): readonly PlainValue[] {
	const value = fields.get(name) ?? null;
	if (value === null) {
		return [];
	}

	if (!Array.isArray(value)) {
		throw new TypeError(`${where}: ${name} must be a list, not ${typeName(value)}`);
	}

	return value as readonly PlainValue[];
}

function texts(fields: Fields, name: string, where: string): readonly string[] {
	return list(fields, name, where).map(item => textValue(item, name, where));
}

function text(fields: Fields, name: string, where: string): string {
	return textValue(fields.get(name) ?? null, name, where);
}

function textValue(value: PlainValue, name: string, where: string): string {
	if (value === null) {
		return '';
	}

	if (typeof value !== 'string') {
		throw new TypeError(`${where}: ${name} must be a string, not ${typeName(value)}`);
	}

	return value;
}

function flag(fields: Fields, name: string, where: string): boolean {
	const value = fields.get(name) ?? null;
	if (value !== null && typeof value !== 'boolean') {
		throw new Error(`${where}: ${name} must be true or false, not ${typeName(value)}`);
	}

	return value ?? false;
}

function bytes(fields: Fields, name: string, where: string): Buffer {
	const encoded = text(fields, name, where).replaceAll(/[\r\n]/g, '');
	if (!/^[A-Za-z\d+/]*={0,2}$/.test(encoded) || encoded.length % 4 !== 0) {
		throw new Error(`${where}: ${name} is not base64`);
	}

	return Buffer.from(encoded, 'base64');
}

function asJson(value: PlainValue | undefined): unknown {
	if (value instanceof Map) {
		return Object.fromEntries([...value].map(([key, inner]) => [String(key), asJson(inner as PlainValue)]));
	}

	return Array.isArray(value) ? value.map(item => asJson(item as PlainValue)) : value;
}

function typeName(value: PlainValue): string {
	if (value === null) {
		return 'null';
	}

	const list = Array.isArray(value) ? 'a list' : `a ${typeof value}`;
	return value instanceof Map ? 'a map' : list;
}
