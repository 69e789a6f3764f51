/** `spoke proxy`. */
import {once} from 'node:events';
import {stat} from 'node:fs/promises';
import type {Command, Invocation} from '../command.ts';
import {runOneRequest} from './run-one-request.ts';
import {proxySpec, requestFlags} from './spec.ts';
import {assertAccess} from '../../session/actions/access.ts';
import {fileErrorText} from '../../cluster/kubeconfig/read-file-bounded.ts';
import {parseServerUrl} from '../../cluster/transport/server-url.ts';
import {exitStatusForSignal} from '../../base/errors/exit-status.ts';
import {noticeLine} from '../../report/output/output-writer.ts';
import {reportPaths} from '../../report/output/path-reporter.ts';
import {describeListenerUsers, describeRelayedRequest} from '../../report/descriptions/describe-proxy.ts';
import {joinParts} from '../../report/descriptions/parts.ts';
import {startProxyListener, type ListenEndpoint} from '../../streams/proxy-listener/start-proxy-listener.ts';
import {createStreamClient} from '../stream-client.ts';
import {assertUsage} from '../usage.ts';

type ProxyInvocation = Invocation<typeof proxySpec.flags>;

const verbs = ['get', 'head', 'post', 'put', 'patch', 'delete'];

export const command: Command<typeof proxySpec.flags> = {
	spec: proxySpec,
	async run(invocation) {
		const [verb, target, ...surplus] = [...invocation.positionals, ...(invocation.afterDash ?? [])];
		if (verb === undefined) {
			return runListener(invocation);
		}

		assertUsage(
			verbs.includes(verb.toLowerCase()),
			`unknown verb ${JSON.stringify(verb)}: it must be one of ${verbs.join(', ')}; without a verb, spoke proxy starts a local API proxy`,
		);
		assertUsage(
			target !== undefined && surplus.length === 0,
			`expected one target after ${verb}, got ${surplus.length + Number(target !== undefined)}`,
			`spoke proxy ${verb} svc/web:80/path`,
		);
		return runOneRequest(invocation, verb.toUpperCase(), target);
	},
};

/** Resolves to the exit status for the signal. @throws SpokeError ERR_PORT_IN_USE, ERR_LOCAL_FILE, ERR_READ_ONLY, ERR_USAGE */
async function runListener(invocation: ProxyInvocation): Promise<number> {
	const {flags, given, stdout, stderr, interrupted} = invocation;
	assertAccess('proxy (a local API proxy)', 'listen', {readOnly: flags['read-only']});
	const endpoint = listenEndpointOf(invocation);
	const ofRequest = requestFlags.find(({name}) => given.has(name));
	assertUsage(ofRequest === undefined, `--${ofRequest?.name} applies only to one request: spoke proxy get TARGET`);
	assertUsage(!flags['allow-commands'] || flags['disable-filter'], '--allow-commands requires --disable-filter');
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
	const warnings = [
		flags['disable-filter'] &&
			flags['unix-socket'] === undefined &&
			'Request filter disabled, your proxy is vulnerable to XSRF attacks, please be cautious',
		flags['allow-commands'] &&
			'exec, attach and port-forward are relayed: anyone who can reach this local API proxy can run commands in your containers',
		serverPath !== '' &&
			!flags['append-server-path'] &&
			`Your kube context contains a server path ${serverPath}, use --append-server-path to automatically append the path to each request`,
	];
	return warnings.filter(warning => warning !== false);
}

/** kubectl's warnings; requests for the files return 404. */
async function unservedFiles(directory: string): Promise<string[]> {
	try {
		return (await stat(directory)).isDirectory() ? [] : [`static file directory ${directory} is not a directory`];
	} catch (error) {
		const reason = fileErrorText(error as NodeJS.ErrnoException).replace(/^open /, 'stat ');
		return [`failed to stat static file directory ${directory}: ${reason}`];
	}
}

function listenEndpointOf({flags, given}: ProxyInvocation): ListenEndpoint {
	const unixSocket = flags['unix-socket'];
	assertUsage(
		unixSocket === undefined || (!given.has('port') && !given.has('address')),
		'--unix-socket cannot be combined with --port or --address',
	);
	assertUsage(flags.port >= 0 && flags.port <= 65_535, `invalid port ${flags.port}: it must be from 0 to 65535`);
	return unixSocket === undefined ? {address: flags.address, port: flags.port} : {unixSocket};
}

function withSlash(prefix: string): string {
	const parts = prefix.split('/').filter(part => part !== '');
	return parts.length === 0 ? '/' : `/${parts.join('/')}/`;
}
