/** Cluster, user and namespace, selected by client-go's rules. */
import {constants} from 'node:fs';
import {access} from 'node:fs/promises';
import type {ConnectionFlags} from '../../base/command-line/connection-flags.ts';
import {SpokeError} from '../../base/errors/spoke-error.ts';
import {
	type ClusterEntry,
	type ContextEntry,
	emptyCluster,
	emptyContext,
	emptyUser,
	type Kubeconfig,
	type UserEntry,
} from './kubeconfig-shape.ts';
import {fileErrorText} from './read-file-bounded.ts';
import {parseProxyUrl} from '../transport/connect-through-proxy.ts';

export type SelectedEntries = {
	contextName: string | null;
	clusterName: string;
	userName: string;
	cluster: ClusterEntry;
	/** Without the overrides of flags. */
	configuredCluster: ClusterEntry;
	user: UserEntry;
	namespace: string;
};

/**
@see client-go tools/clientcmd/client_config.go (getContext, getAuthInfo, getCluster)
@throws SpokeError ERR_CONTEXT_UNKNOWN
*/
export function selectEntries(config: Kubeconfig, flags: ConnectionFlags, environment: NodeJS.ProcessEnv): SelectedEntries {
	const contextName = flags.context || config.currentContext;
	const context = selectContext(config, contextName, flags);
	const userName = context.user;
	const clusterName = context.cluster;
	// A dangling name in the file yields an empty entry.
	assertExists(flags.user, config.users, 'auth info', 'user');
	assertExists(flags.cluster, config.clusters, 'cluster', 'cluster');
	const configuredCluster = config.clusters.get(clusterName) ?? emptyCluster();
	return {
		contextName: contextName === '' ? null : contextName,
		clusterName,
		userName,
		cluster: overrideCluster(configuredCluster, flags, environment),
		configuredCluster,
		user: overrideUser(config.users.get(userName), flags),
		namespace: context.namespace,
	};
}

function selectContext(config: Kubeconfig, name: string, flags: ConnectionFlags): ContextEntry {
	const found = config.contexts.get(name);
	if (!found && flags.context?.includes(',')) {
		throw new SpokeError('ERR_USAGE', `--context=${name}: this command takes one context, and none has this name`, {
			remedy: 'logs, tail, path and audit take several',
		});
	}

	if (!found && name !== '') {
		throw unknownEntryError(
			flags.context ? `context "${name}" does not exist` : `current-context "${name}" does not exist`,
			config.contexts,
			'context',
		);
	}

	const context = found ?? emptyContext();
	return {cluster: flags.cluster || context.cluster, user: flags.user || context.user, namespace: flags.namespace || context.namespace};
}

function assertExists(name: string | undefined, among: ReadonlyMap<string, unknown>, kindName: string, flag: string): void {
	if (name && !among.has(name)) {
		throw unknownEntryError(`${kindName} "${name}" does not exist`, among, flag);
	}
}

export function unknownEntryError(message: string, among: ReadonlyMap<string, unknown>, kindName: string): SpokeError {
	const names = among.keys().toArray();
	const shown = names.slice(0, 10).join(', ') + (names.length > 10 ? `, and ${names.length - 10} more` : '');
	return new SpokeError('ERR_CONTEXT_UNKNOWN', message, {
		remedy: names.length === 0 ? `the kubeconfig has no ${kindName}` : `${kindName}s in the kubeconfig: ${shown}`,
	});
}

function overrideCluster(entry: ClusterEntry, flags: ConnectionFlags, environment: NodeJS.ProcessEnv): ClusterEntry {
	const cluster = {...entry};
	// The mark applies to the kubeconfig's own server only.
	cluster.sandbox &&= !flags.server || flags.server === cluster.server;
	cluster.server = flags.server || cluster.server || (environment['KUBERNETES_MASTER'] ?? '');
	cluster.proxyUrl = flags['proxy-url'] || cluster.proxyUrl;
	cluster.disableCompression = flags['disable-compression'] || cluster.disableCompression;
	if (flags['insecure-skip-tls-verify'] || flags['certificate-authority']) {
		cluster.insecureSkipTlsVerify = flags['insecure-skip-tls-verify'];
		cluster.certificateAuthority = flags['certificate-authority'] ?? '';
		cluster.certificateAuthorityData = Buffer.alloc(0);
	}

	// A server from a flag is another host.
	if (flags['tls-server-name'] || flags.server) {
		cluster.tlsServerName = flags['tls-server-name'] ?? '';
	}

	return cluster;
}

function overrideUser(entry: UserEntry | undefined, flags: ConnectionFlags): UserEntry {
	const user = {...(entry ?? emptyUser())};
	user.token = flags.token || user.token;
	user.username = flags.username || user.username;
	user.password = flags.password || user.password;
	user.impersonate = flags.as || user.impersonate;
	user.impersonateUid = flags['as-uid'] || user.impersonateUid;
	user.impersonateGroups = flags['as-group'].length > 0 ? flags['as-group'] : user.impersonateGroups;
	user.impersonateUserExtra = mergeExtra(user.impersonateUserExtra, flags['as-user-extra']);
	if (flags['client-key']) {
		user.clientKey = flags['client-key'];
		user.clientKeyData = Buffer.alloc(0);
	}

	if (flags['client-certificate']) {
		user.clientCertificate = flags['client-certificate'];
		user.clientCertificateData = Buffer.alloc(0);
	}

	return user;
}

/** As kubectl, ignores an entry without `=`. */
function mergeExtra(fromFile: ReadonlyMap<string, readonly string[]>, rows: readonly string[]): ReadonlyMap<string, readonly string[]> {
	const given = new Map<string, string[]>();
	for (const row of rows) {
		const index = row.indexOf('=');
		if (index < 0) {
			continue;
		}

		const key = row.slice(0, index);
		given.set(key, [...(given.get(key) ?? []), row.slice(index + 1)]);
	}

	return new Map([...fromFile, ...given]);
}

/**
Reports all problems at once.
@see client-go tools/clientcmd/validation.go
@throws SpokeError ERR_KUBECONFIG_INVALID
*/
export async function validateEntries({cluster, clusterName, user, userName}: SelectedEntries): Promise<void> {
	const problems = [...(await userProblems(userName, user)), ...(await clusterProblems(clusterName, cluster))];
	if (problems.length > 0) {
		throw new SpokeError(
			'ERR_KUBECONFIG_INVALID',
			`invalid configuration: ${problems.length === 1 ? problems[0]! : `[${problems.join(', ')}]`}`,
		);
	}
}

async function clusterProblems(name: string, cluster: ClusterEntry): Promise<string[]> {
	const problems =
		cluster.server === '' ? [name === '' ? 'default cluster has no server defined' : `no server found for cluster "${name}"`] : [];

	if (cluster.proxyUrl !== '') {
		try {
			parseProxyUrl(cluster.proxyUrl);
		} catch (error) {
			problems.push(`invalid 'proxy-url' for cluster "${name}": ${(error as Error).message}`);
		}
	}

	if (cluster.certificateAuthority !== '' && cluster.certificateAuthorityData.length > 0) {
		problems.push(
			`certificate-authority-data and certificate-authority are both specified for ${name}. certificate-authority-data will override.`,
		);
	}

	problems.push(...(await unreadableFile(cluster.certificateAuthority, 'certificate-authority', name)));
	return problems;
}

async function userProblems(name: string, user: UserEntry): Promise<string[]> {
	const problems: string[] = [];
	if (user.clientCertificate !== '' || user.clientCertificateData.length > 0) {
		if (user.clientCertificate !== '' && user.clientCertificateData.length > 0) {
			problems.push(`client-cert-data and client-cert are both specified for ${name}. client-cert-data will override.`);
		}

		if (user.clientKey !== '' && user.clientKeyData.length > 0) {
			problems.push(`client-key-data and client-key are both specified for ${name}; client-key-data will override`);
		}

		if (user.clientKey === '' && user.clientKeyData.length === 0) {
			problems.push(`client-key-data or client-key must be specified for ${name} to use the clientCert authentication method.`);
		}

		problems.push(
			...(await unreadableFile(user.clientCertificate, 'client-cert', name)),
			...(await unreadableFile(user.clientKey, 'client-key', name)),
		);
	}

	problems.push(...execProblems(name, user));
	if (user.token !== '' && (user.username !== '' || user.password !== '')) {
		problems.push(`more than one authentication method found for ${name}; found [token basicAuth], only one is allowed`);
	}

	if (user.impersonate === '' && (user.impersonateUid !== '' || user.impersonateGroups.length > 0 || user.impersonateUserExtra.size > 0)) {
		problems.push(`requesting uid, groups or user-extra for ${name} without impersonating a user`);
	}

	return problems;
}

function execProblems(name: string, {exec, authProvider}: UserEntry): string[] {
	if (exec === null) {
		return [];
	}

	const problems = authProvider === null ? [] : [`authProvider cannot be provided in combination with an exec plugin for ${name}`];

	if (exec.command === '') {
		problems.push(`command must be specified for ${name} to use exec authentication plugin`);
	}

	if (exec.apiVersion === '') {
		problems.push(`apiVersion must be specified for ${name} to use exec authentication plugin`);
	}

	if (exec.env.some(variable => variable.name === '')) {
		problems.push(`env variable name must be specified for ${name} to use exec authentication plugin`);
	}

	if (exec.interactiveMode === '') {
		problems.push(`interactiveMode must be specified for ${name} to use exec authentication plugin`);
	} else if (!['Never', 'IfAvailable', 'Always'].includes(exec.interactiveMode)) {
		problems.push(`invalid interactiveMode for ${name}: "${exec.interactiveMode}"`);
	}

	return problems;
}

async function unreadableFile(path: string, fieldName: string, name: string): Promise<string[]> {
	if (path === '') {
		return [];
	}

	try {
		await access(path, constants.R_OK);
		return [];
	} catch (error) {
		return [
			`unable to read ${fieldName} ${path} for ${name} due to ${fileErrorText(Object.assign(error as NodeJS.ErrnoException, {path}))}`,
		];
	}
}
