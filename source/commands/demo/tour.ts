/** The tour: every feature once in each posture. */
import {once} from 'node:events';
import {createConnection} from 'node:net';
import type {Writable} from 'node:stream';
import {text} from 'node:stream/consumers';
import {mkdtemp, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import process from 'node:process';
import type {ClusterClient} from '../../cluster/cluster-client.ts';
import {toSpokeError} from '../../base/errors/spoke-error.ts';
import {routeMeanings, tlsMeanings} from '../../report/descriptions/describe-verdict.ts';
import {reportPaths} from '../../report/output/path-reporter.ts';
import type {Path} from '../../evidence/evidence.ts';
import type {Sandbox, SwitchValues} from '../../sandbox/sandbox.ts';
import type {ConnectionObserver} from '../../streams/connection-observer.ts';
import {openLog} from '../../streams/logs/open-log.ts';
import {parseListenAddresses} from '../../streams/port-forward/local-listener.ts';
import {parsePortSpec} from '../../streams/port-forward/forward-request.ts';
import {startForward} from '../../streams/port-forward/start-forward.ts';
import {sendProxyRequest} from '../../streams/proxy/proxy-request.ts';
import {resolveProxyTarget} from '../../streams/proxy/resolve-proxy-target.ts';
import {openRemoteCommand} from '../../streams/remote-command/open-remote-command.ts';
import {parseTarget} from '../../cluster/targets/parse-target.ts';
import {parseProxyTarget} from '../../cluster/targets/proxy-target.ts';
import {type ResolvedPod, resolvePod} from '../../cluster/targets/resolve-pod.ts';
import {sanitizeLine} from '../../base/text/sanitize.ts';
import {createClusterClient} from '../../cluster/create-cluster-client.ts';
import {connectionFlags} from '../../base/command-line/connection-flags.ts';
import {parseCommandLine} from '../../base/command-line/parse-command-line.ts';

/** After this time, an unsettled label is printed as it is. */
const labelTimeoutMs = 3000;

const postures: ReadonlyArray<{title: string; switches: Partial<SwitchValues>}> = [
	{title: 'kubelets not verified, direct: the Kubernetes default', switches: {verification: 'off', route: 'direct'}},
	{title: 'kubelets verified, direct', switches: {verification: 'good', route: 'direct'}},
	{title: 'kubelets verified, but their certificates are rejected', switches: {verification: 'bad', route: 'direct'}},
	{title: 'kubelets not verified, through a simulated Konnectivity', switches: {verification: 'off', route: 'konnectivity'}},
	{title: 'kubelets verified, through a simulated Konnectivity', switches: {verification: 'good', route: 'konnectivity'}},
	{title: 'kubelets verified, through an HTTP CONNECT egress proxy', switches: {verification: 'good', route: 'http-connect'}},
	{title: 'history: SSH tunnels, as before Kubernetes 1.22', switches: {verification: 'off', route: 'ssh'}},
];

type SandboxAccess = Awaited<ReturnType<typeof createSandboxAccess>>;

export async function runTour(sandbox: Sandbox, access: SandboxAccess, stdout: Writable, signal: AbortSignal): Promise<void> {
	const print = (line: string) => {
		stdout.write(`${line}\n`);
	};

	print(`sandbox: a small cluster inside this process, at ${sandbox.server}; nothing here is a real cluster`);
	for (const [index, {title, switches}] of postures.entries()) {
		if (signal.aborted) {
			return;
		}

		await sandbox.switches.set(switches);
		print('');
		print(`sandbox ${index + 1} of ${postures.length} · ${title}`);
		const cluster = await access.open();
		for (const step of signal.aborted ? [] : tourSteps) {
			await printStep(step, cluster, print);
		}

		cluster.close();
	}

	print('');
	print(
		'next: run `spoke demo` on a terminal to open the session on this sandbox, or `spoke path TARGET` and `spoke audit` on your own cluster',
	);
}

/** Reports the paths of each step apart, so that labels cannot be mixed up. */
async function printStep({command, run}: TourStep, cluster: ClusterClient, print: (line: string) => void): Promise<void> {
	let path: Path | undefined;
	const paths = reportPaths(cluster, {
		mode: 'never',
		stderr: {write() {}},
		onPath(reported) {
			path = reported;
		},
	});
	const outcome = await run(cluster, paths.observer!).catch((thrown: unknown) => `failed: ${toSpokeError(thrown).message}`);
	await paths.finished({timeoutMs: labelTimeoutMs});
	print(`  ${command}`);
	print(`    ${sanitizeLine(outcome)}`);
	if (path) {
		print(`    ${sanitizeLine(path.line)}`);
		print(`    ${explainPath(path)}`);
	}
}

function explainPath({legs}: Pick<Path, 'legs'>): string {
	const {to, route, tls} = legs[1]!;
	const {text, consequence} = tlsMeanings[tls.state];
	const meaning = consequence === null ? text : `${text}: ${consequence}`;
	return `${to}: ${routeMeanings[route.state]} (${route.basis}); ${meaning} (${tls.basis})`;
}

type TourStep = {
	command: string;
	run(cluster: ClusterClient, observer: ConnectionObserver): Promise<string>;
};

const podRunningTimeoutMs = 10_000;

const tourSteps: readonly TourStep[] = [
	{command: 'spoke logs deploy/api --tail=5', run: readLogs},
	{command: 'spoke exec deploy/web -- hostname', run: runHostname},
	{command: 'spoke port-forward sts/db :7000', run: echoThroughForward},
	...['node/n1/healthz', 'pod/http:WEB:8080/', 'pod/https:WEB:8443/', 'svc/web:http/', 'svc/https:web:https/'].map(input => ({
		command: `spoke proxy get ${input}`,
		run: async (cluster: ClusterClient, observer: ConnectionObserver) => get(cluster, observer, input),
	})),
];

async function readLogs(cluster: ClusterClient, observer: ConnectionObserver): Promise<string> {
	const {pod, target} = await find(cluster, 'deploy/api');
	const source = {namespace: target.namespace ?? 'default', pod: pod.metadata.name, uid: target.uid, node: target.node, container: 'api'};
	const log = await openLog(cluster, source, {tailLines: 5}, {target, observer});
	const lines = (await text(log.body)).trimEnd().split('\n');
	log.close();
	return `${lines.length === 1 ? '1 line' : `${lines.length} lines, the last one`}: ${lines.at(-1)!.slice(0, 60)}…`;
}

async function runHostname(cluster: ClusterClient, observer: ConnectionObserver): Promise<string> {
	const {target} = await find(cluster, 'deploy/web');
	const command = await openRemoteCommand(
		cluster,
		{feature: 'exec', target: {...target, container: 'web'}, command: ['hostname'], stdin: false, tty: false},
		{observer},
	);
	command.stderr?.resume();
	const [output, status] = await Promise.all([text(command.stdout), command.outcome]);
	return `printed ${output.trim()} and exited with status ${status}`;
}

async function echoThroughForward(cluster: ClusterClient, observer: ConnectionObserver): Promise<string> {
	const stop = new AbortController();
	const forward = startForward(
		cluster,
		{
			target: parseTarget('sts/db'),
			ports: [{id: 'f1', spec: parsePortSpec(':7000')}],
			addresses: parseListenAddresses(['127.0.0.1']),
			podRunningTimeoutMs,
		},
		{signal: stop.signal, observer},
	);
	try {
		for await (const event of forward.events) {
			if (event.event === 'ready') {
				const {address, port} = event.listen[0]!;
				const echoed = await echo(address, port, 'hello through the tunnel');
				return `127.0.0.1:${port} carried “${echoed}” in both directions by ${event.carrier}`;
			}
		}

		return 'ended before it was ready';
	} finally {
		stop.abort();
	}
}

/** `WEB` stands for a pod of deploy/web. */
async function get(cluster: ClusterClient, observer: ConnectionObserver, input: string): Promise<string> {
	const named = input.includes('WEB') ? input.split('WEB').join((await find(cluster, 'deploy/web')).pod.metadata.name) : input;
	const target = parseProxyTarget(named);
	const resolved = await resolveProxyTarget(cluster, target, 'default');
	const answer = await sendProxyRequest(cluster, resolved, {method: 'GET', path: target.path, headers: {}, timeoutMs: 35_000}, {observer});
	return `${answer.status}: ${`${answer.bodyStart.toString()}${await text(answer.body)}`.trim()}`;
}

async function find(cluster: ClusterClient, input: string): Promise<ResolvedPod> {
	return resolvePod(cluster, input, {podPreference: 'attach', podRunningTimeoutMs});
}

async function echo(host: string, port: number, words: string): Promise<string> {
	const socket = createConnection({host, port, allowHalfOpen: true});
	await once(socket, 'connect');
	socket.end(words);
	return text(socket);
}

/** Only the owner can read its kubeconfig. The caller must `dispose` of it, and close each client that it opens. */
export async function createSandboxAccess(sandbox: Sandbox) {
	const directory = await mkdtemp(join(tmpdir(), 'spoke-'));
	const kubeconfigFile = join(directory, 'kubeconfig');
	await writeFile(kubeconfigFile, JSON.stringify(sandbox.kubeconfig('admin')), {mode: 0o600});
	const {flags} = parseCommandLine(connectionFlags, ['--kubeconfig', kubeconfigFile]);
	const env = {...process.env, HTTPS_PROXY: '', https_proxy: ''};
	return {
		kubeconfigFile,
		open: async () => createClusterClient(flags, env),
		dispose: async () => rm(directory, {recursive: true, force: true}),
	};
}
