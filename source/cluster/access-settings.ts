/** Connection settings from flags, environment and kubeconfig. */
import {existsSync, statSync} from 'node:fs';
import {readFile} from 'node:fs/promises';
import {join} from 'node:path';
import {clampTimerMs} from '../base/async/clock.ts';
import type {ConnectionFlags} from '../base/command-line/connection-flags.ts';
import {parseSecondsOrDuration} from '../base/command-line/parse-command-line.ts';
import {SpokeError} from '../base/errors/spoke-error.ts';
import type {ClusterInfo} from './cluster-client.ts';
import {impersonationHeaders} from './credentials/request-headers.ts';
import type {PluginTerminal} from './credentials/run-plugin.ts';
import {userCredentials} from './credentials/user-credentials.ts';
import type {ConnectionConfig} from './apiserver-connection.ts';
import {type ClusterEntry, emptyCluster, emptyUser} from './kubeconfig/kubeconfig-shape.ts';
import {type LoadedKubeconfig, loadKubeconfig} from './kubeconfig/load-kubeconfig.ts';
import {readCaBundle} from './kubeconfig/read-file-bounded.ts';
import {type SelectedEntries, selectEntries, validateEntries} from './kubeconfig/select-entries.ts';
import type {TlsSettings} from './tls/start-tls.ts';
import {systemTrust, trustBundle} from './tls/trust.ts';
import {proxyFromEnvironment, parseProxyUrl} from './transport/connect-through-proxy.ts';
import type {DialRoute} from './transport/open-socket.ts';
import {joinHostPort, parseServerUrl, type ServerAddress} from './transport/server-url.ts';

const defaultResponseTimeoutMs = 30_000;

type AccessSettings = {access: ConnectionConfig; facts: ClusterInfo};

/** @throws SpokeError ERR_NO_KUBECONFIG, ERR_KUBECONFIG_INVALID, ERR_CONTEXT_UNKNOWN, ERR_CLIENT_CERTIFICATE, ERR_USAGE */
export async function readSettings(
	flags: ConnectionFlags,
	environment: NodeJS.ProcessEnv,
	{
		directory = serviceAccountDirectory,
		terminal,
		isInteractive = false,
	}: {directory?: string; terminal?: PluginTerminal; isInteractive?: boolean} = {},
): Promise<AccessSettings> {
	const timeoutMs = parseRequestTimeout(flags['request-timeout']);
	const {source, ...selected} = await findEntries(flags, environment, directory);
	await validateEntries(selected);
	const {cluster, user} = selected;
	const server = parseServerUrl(cluster.server);
	const tls = server.scheme === 'https' ? await tlsSettings(cluster, timeoutMs, environment) : null;
	const proxy = await proxyFor(cluster, server, tls, timeoutMs, environment);
	const isMarkedAsSandbox = cluster.sandbox && server.host === '127.0.0.1' && proxy === null;
	const route: DialRoute = {server, tls, timeoutMs, proxy, isMarkedAsSandbox};
	return {
		access: {
			route,
			credentials: await userCredentials(user, {cluster, server, environment, terminal}),
			headers: impersonationHeaders(user),
			// Without a limit of the user, a response still has one.
			requestTimeoutMs: timeoutMs || defaultResponseTimeoutMs,
			compression: !cluster.disableCompression,
			isInteractive,
			trace: null,
		},
		facts: await withConfigured(clusterInfo(selected, route, source), selected),
	};
}

async function findEntries(
	flags: ConnectionFlags,
	environment: NodeJS.ProcessEnv,
	directory: string,
): Promise<SelectedEntries & {source: ClusterInfo['source']}> {
	const loaded = await loadKubeconfig(flags.kubeconfig, environment);
	const selected = selectEntries(loaded.config, flags, environment);
	if (!isEmpty(selected.cluster)) {
		return {...selected, source: loaded.config.clusters.has(selected.clusterName) ? 'kubeconfig' : 'flags'};
	}

	const inCluster = await inClusterEntries(flags, environment, directory);
	if (inCluster) {
		return {...inCluster, source: 'in-cluster'};
	}

	throw noClusterError(loaded, selected);
}

function isEmpty({
	server,
	certificateAuthority,
	certificateAuthorityData,
	insecureSkipTlsVerify,
	tlsServerName,
	proxyUrl,
}: ClusterEntry): boolean {
	return (
		server === '' &&
		certificateAuthority === '' &&
		certificateAuthorityData.length === 0 &&
		!insecureSkipTlsVerify &&
		tlsServerName === '' &&
		proxyUrl === ''
	);
}

function noClusterError({config, read, missing}: LoadedKubeconfig, {contextName, clusterName}: SelectedEntries): SpokeError {
	if (contextName !== null) {
		const message =
			clusterName === ''
				? `context "${contextName}" names no cluster`
				: `cluster "${clusterName}" of context "${contextName}" is not in the kubeconfig, or is empty`;
		return new SpokeError('ERR_CONTEXT_UNKNOWN', message, {remedy: 'list them with `kubectl config get-clusters`'});
	}

	if (config.contexts.size > 0) {
		return new SpokeError('ERR_CONTEXT_UNKNOWN', `no context selected: current-context is not set in ${read.join(', ')}`, {
			remedy: `pass --context with one of: ${config.contexts.keys().take(10).toArray().join(', ')}`,
		});
	}

	return new SpokeError(
		'ERR_NO_KUBECONFIG',
		read.length > 0
			? `the kubeconfig ${read.join(', ')} names no cluster`
			: `no kubeconfig found: ${missing.join(', ') || 'KUBECONFIG'} does not exist, and spoke does not run in a pod`,
	);
}

async function tlsSettings(cluster: ClusterEntry, timeoutMs: number, environment: NodeJS.ProcessEnv): Promise<TlsSettings> {
	const bundle = await readCaBundle(cluster);
	const configured = cluster.certificateAuthority !== '' || bundle.length > 0;
	if (configured && cluster.insecureSkipTlsVerify) {
		throw new SpokeError('ERR_KUBECONFIG_INVALID', 'specifying a root certificates file with the insecure flag is not allowed', {
			remedy: 'remove insecure-skip-tls-verify or certificate-authority',
		});
	}

	const trust = configured
		? trustBundle(bundle)
		: cluster.insecureSkipTlsVerify
			? {from: 'system-roots' as const, pem: []}
			: await systemTrust(environment);
	return {
		trust,
		insecure: cluster.insecureSkipTlsVerify,
		serverName: cluster.tlsServerName === '' ? null : cluster.tlsServerName,
		timeoutMs,
	};
}

async function proxyFor(
	{proxyUrl}: ClusterEntry,
	{scheme, host, port}: ServerAddress,
	tls: TlsSettings | null,
	timeoutMs: number,
	environment: NodeJS.ProcessEnv,
): Promise<DialRoute['proxy']> {
	const address = proxyUrl === '' ? proxyFromEnvironment(scheme, host, port, environment) : parseProxyUrl(proxyUrl);
	return (
		address && {
			address,
			from: proxyUrl === '' ? 'environment' : 'proxy-url',
			tls:
				address.scheme === 'https' ? (tls ?? {trust: await systemTrust(environment), insecure: false, serverName: null, timeoutMs}) : null,
		}
	);
}

function clusterInfo(
	{contextName, userName, user, namespace}: SelectedEntries,
	{server, tls, proxy, isMarkedAsSandbox}: DialRoute,
	source: ClusterInfo['source'],
): Omit<ClusterInfo, 'configured'> {
	return {
		context: contextName,
		server: server.shown,
		namespace: namespace || 'default',
		user: userName === '' ? null : userName,
		impersonating: user.impersonate === '' ? null : user.impersonate,
		impersonatedGroups: user.impersonateGroups,
		sandbox: isMarkedAsSandbox,
		source,
		certificateAuthority: tls?.trust.from === 'kubeconfig-ca' ? tls.trust.pem.join('\n') : null,
		insecureSkipTlsVerify: tls?.insecure ?? false,
		proxy: proxy && {url: proxy.address.shown, from: proxy.from},
	};
}

async function withConfigured(
	info: Omit<ClusterInfo, 'configured'>,
	{cluster, configuredCluster: entry}: SelectedEntries,
): Promise<ClusterInfo> {
	const isSameCa =
		cluster.certificateAuthority === entry.certificateAuthority && cluster.certificateAuthorityData === entry.certificateAuthorityData;
	const certificateAuthority = (isSameCa ? info.certificateAuthority : null) ?? (await readConfiguredCa(entry));
	return {...info, configured: {server: shownServer(entry.server), certificateAuthority}};
}

/** With overrides, as in kubectl, the entry need not be valid. */
async function readConfiguredCa(entry: ClusterEntry): Promise<string | null> {
	const bundle = await readCaBundle(entry).catch(() => Buffer.alloc(0));
	return bundle.length === 0 ? null : bundle.toString('latin1');
}

function shownServer(text: string): string | null {
	try {
		return text === '' ? null : parseServerUrl(text).shown;
	} catch {
		return null;
	}
}

/** In milliseconds; 0 and, as in kubectl, a negative duration mean no limit. @throws SpokeError ERR_USAGE */
export function parseRequestTimeout(text: string): number {
	const ms = parseSecondsOrDuration(text);
	if (ms === undefined) {
		throw new SpokeError('ERR_USAGE', `--request-timeout=${text} is not a valid duration`, {
			remedy: 'use whole seconds, or a number with a unit: 1s, 2m, 3h',
		});
	}

	return clampTimerMs(Math.max(0, ms));
}

const serviceAccountDirectory = '/var/run/secrets/kubernetes.io/serviceaccount';

/**
As in kubectl, only --server, --token, --certificate-authority and --namespace override the pod's own settings.
@see client-go rest.InClusterConfig
*/
async function inClusterEntries(
	flags: ConnectionFlags,
	environment: NodeJS.ProcessEnv,
	directory: string,
): Promise<SelectedEntries | null> {
	const [host, port] = [environment['KUBERNETES_SERVICE_HOST'], environment['KUBERNETES_SERVICE_PORT']];
	const token = join(directory, 'token');
	if (!host || !port || !statSync(token, {throwIfNoEntry: false})?.isFile()) {
		return null;
	}

	const caFile = join(directory, 'ca.crt');
	const configuredCluster = {
		...emptyCluster(),
		server: `https://${joinHostPort(host, Number(port))}`,
		certificateAuthority: existsSync(caFile) ? caFile : '',
	};
	return {
		contextName: null,
		clusterName: 'in-cluster',
		userName: '',
		cluster: {
			...configuredCluster,
			server: flags.server || configuredCluster.server,
			certificateAuthority: flags['certificate-authority'] || configuredCluster.certificateAuthority,
		},
		configuredCluster,
		user: {...emptyUser(), token: flags.token ?? '', tokenFile: flags.token ? '' : token},
		namespace: flags.namespace || environment['POD_NAMESPACE'] || (await namespaceOf(directory)),
	};
}

async function namespaceOf(directory: string): Promise<string> {
	const text = await readFile(join(directory, 'namespace'), 'utf8').catch(() => '');
	return text.trim();
}
