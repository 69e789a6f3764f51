/** `spoke proxy` without a verb. */
import {once} from 'node:events';
import {stat} from 'node:fs/promises';
import {assertAccess} from '../../actions/access.ts';
import {fileErrorText} from '../../cluster/kubeconfig/read-file-bounded.ts';
import {parseServerUrl} from '../../cluster/transport/server-url.ts';
import {SpokeError} from '../../errors/spoke-error.ts';
import {exitStatusForSignal} from '../../errors/exit-status.ts';
import {noticeLine} from '../../output/notice-line.ts';
import {reportPaths} from '../../output/path-reporter.ts';
import {describeListenerUsers, describeRelayedRequest} from '../../descriptions/describe-proxy.ts';
import {joinParts} from '../../descriptions/parts.ts';
import {startProxyListener} from '../../streams/proxy-listener/start-proxy-listener.ts';
import type {ListenEndpoint} from '../../streams/proxy-listener/listen-endpoint.ts';
import type {Invocation} from '../command.ts';
import {createStreamClient} from '../stream-client.ts';
import {requestFlags, type proxySpec} from './spec.ts';

type ProxyInvocation = Invocation<typeof proxySpec.flags>;

/** Resolves to the exit status for the signal. @throws SpokeError ERR_PORT_IN_USE, ERR_LOCAL_FILE, ERR_READ_ONLY, ERR_USAGE */
export async function runListener(invocation: ProxyInvocation): Promise<number> {
	const {flags, stdout, stderr, interrupted} = invocation;
	assertAccess('proxy (a local API proxy)', 'listen', {readOnly: flags['read-only']});
	const endpoint = listenEndpointOf(invocation);
	assertNoRequestFlags(invocation);
	if (flags['allow-commands'] && !flags['disable-filter']) {
		throw new SpokeError('ERR_USAGE', '--allow-commands requires --disable-filter');
	}

	const cluster = await createStreamClient(invocation);
	const serverPath = parseServerUrl(cluster.facts.server).prefix;
	const paths = reportPaths(cluster, {mode: flags.path, stderr});
	try {
		const listener = await startProxyListener(
			cluster,
			{
				endpoint,
				filter: flags['disable-filter']
					? null
					: {
							acceptPaths: flags['accept-paths'],
							rejectPaths: flags['reject-paths'],
							acceptHosts: flags['accept-hosts'],
							rejectMethods: flags['reject-methods'],
						},
				allowsCommands: flags['allow-commands'],
				serverPath: flags['append-server-path'] ? '' : serverPath,
				apiPrefix: withSlash(flags['api-prefix']),
				files: flags.www === undefined ? null : {directory: flags.www, prefix: withSlash(flags['www-prefix'])},
				keepaliveMs: flags.keepalive,
			},
			{
				observer: paths.observer,
				onEvent(event) {
					if (event.error) {
						stderr.write(noticeLine(joinParts(describeRelayedRequest(event)), stderr));
					}
				},
				onDropped(error) {
					stderr.write(noticeLine(`${error.message} [${error.code}]`, stderr));
				},
			},
		);
		for (const warning of [...filterWarnings(invocation, serverPath), ...(flags.www === undefined ? [] : await unservedFiles(flags.www))]) {
			stderr.write(noticeLine(`Warning: ${warning}`, stderr));
		}

		stdout.write(`Starting to serve on ${listener.address}\n`);
		const owner = `the permissions of ${cluster.facts.impersonating ?? cluster.facts.user ?? 'this user'}`;
		stderr.write(noticeLine(joinParts(describeListenerUsers(endpoint, {owner})), stderr));
		if (!interrupted.aborted) {
			await once(interrupted, 'abort');
		}

		listener.close();
		return exitStatusForSignal(interrupted.reason);
	} finally {
		await paths.finished();
		cluster.close();
	}
}

function filterWarnings({flags}: ProxyInvocation, serverPath: string): string[] {
	return [
		...(flags['disable-filter'] && flags['unix-socket'] === undefined
			? ['Request filter disabled, your proxy is vulnerable to XSRF attacks, please be cautious']
			: []),
		...(flags['allow-commands']
			? ['exec, attach and port-forward are relayed: anyone who can reach this local API proxy can run commands in your containers']
			: []),
		...(serverPath !== '' && !flags['append-server-path']
			? [
					`Your kube context contains a server path ${serverPath}, use --append-server-path to automatically append the path to each request`,
				]
			: []),
	];
}

/** kubectl's warnings; requests for the files return 404. */
async function unservedFiles(directory: string): Promise<string[]> {
	try {
		return (await stat(directory)).isDirectory() ? [] : [`static file directory ${directory} is not a directory`];
	} catch (error) {
		return [
			`failed to stat static file directory ${directory}: ${fileErrorText(error as NodeJS.ErrnoException).replace(/^open /, 'stat ')}`,
		];
	}
}

function listenEndpointOf({flags, given}: ProxyInvocation): ListenEndpoint {
	const unixSocket = flags['unix-socket'];
	if (unixSocket !== undefined && (given.has('port') || given.has('address'))) {
		throw new SpokeError('ERR_USAGE', '--unix-socket cannot be combined with --port or --address');
	}

	if (flags.port < 0 || flags.port > 65_535) {
		throw new SpokeError('ERR_USAGE', `invalid port ${flags.port}: it must be from 0 to 65535`);
	}

	return unixSocket === undefined ? {address: flags.address, port: flags.port} : {unixSocket};
}

function assertNoRequestFlags({given}: ProxyInvocation): void {
	const wrong = requestFlags.find(name => given.has(name));
	if (wrong !== undefined) {
		throw new SpokeError('ERR_USAGE', `--${wrong} applies only to one request: spoke proxy get TARGET`);
	}
}

function withSlash(prefix: string): string {
	return `/${prefix
		.split('/')
		.filter(part => part !== '')
		.join('/')}/`.replace('//', '/');
}
