/** Start of a sandbox on real loopback sockets, with keys only in memory. */
import {randomBytes} from 'node:crypto';
import {SpokeError} from '../base/errors/spoke-error.ts';
import {type UserName, users} from './apiserver/users.ts';
import {createClusterIssuer, type ClusterIssuer} from './certificates/issuer.ts';
import {programsByImage} from './containers/programs.ts';
import {ControlPlane, serially} from './control-plane.ts';
import {reconcileEndpoints, reconcileWorkloads} from './controllers/workloads.ts';
import {apiserverIdentity} from './kubelet/kubelet-requests.ts';
import type {PodRuntime} from './kubelet/pod-runtime.ts';
import {createAddressPlan} from './network/address-plan.ts';
import {FaultyLink} from './network/faulty-link.ts';
import {nodeNames, startNodes, createBaseObjects, certificateFor, recordSigningRequests} from './nodes.ts';
import {deletePod} from './controllers/workload-pods.ts';
import {ObjectStore} from './objects/object-store.ts';
import {createShopWorkloads, type ScenarioName, scenarios} from './scenarios.ts';
import {agentImage, Tunnels, deployAgents} from './tunnels/tunnels.ts';
import type {Kubelet} from './kubelet/kubelet.ts';
import {
	type ObjectName,
	type Posture,
	type Sandbox,
	type SandboxEvent,
	type SandboxKubeconfig,
	type SandboxOptions,
	switches,
	type SwitchValues,
} from './sandbox.ts';

type SandboxParts = {
	store: ObjectStore;
	link: FaultyLink;
	kubelets: readonly Kubelet[];
	controlPlane: ControlPlane;
	tunnels: Tunnels;
	emit(what: string): void;
};

/** @throws SpokeError ERR_USAGE for an unknown scenario, ERR_PORT_IN_USE */
export async function startSandbox({scenario = 'default', port = 0}: SandboxOptions = {}): Promise<Sandbox> {
	const scenarioSwitches = switchesOf(scenario);
	const [issuer, plan] = await Promise.all([createClusterIssuer('spoke-sandbox-ca'), createAddressPlan()]);
	const store = new ObjectStore();
	const link = new FaultyLink();
	const tunnels = new Tunnels(
		plan,
		nodeNames.map((_, index) => plan.nodeAddress(index)),
	);
	const [{serving, kubeletClient}, credentials] = await Promise.all([createApiserverKeys(issuer), createCredentials(issuer)]);
	const posture = {verification: scenarioSwitches.verification ?? 'off', route: scenarioSwitches.route ?? 'direct'} as const;
	createBaseObjects(store, issuer.authority);
	const kubelets = await startNodes(
		{store, plan, issuer, findProgram: programsByImage(async host => issuer.selfSigned(host), {[agentImage]: tunnels.agentProgram()})},
		posture,
	);
	const tokens = new Map([...credentials].flatMap(([name, {token}]) => (token === undefined ? [] : [[token, name] as const])));
	const controlPlane = new ControlPlane({store, authority: issuer.authority, kubeletClient, serving, tokens, link, tunnels}, posture);
	createShopWorkloads(store);
	const stopControllers = startControllers(store);
	const close = async () => {
		stopControllers();
		await controlPlane.stop();
		await Promise.all(kubelets.map(async kubelet => kubelet.stop()));
		plan.release();
	};

	try {
		await controlPlane.start(port);
	} catch (error) {
		await close();
		throw portError(error as NodeJS.ErrnoException, port);
	}

	const listeners = new Set<(event: SandboxEvent) => void>();
	const emit = (description: string) => {
		for (const listener of listeners) {
			listener({time: new Date().toISOString(), description});
		}
	};

	const parts = {store, link, kubelets, controlPlane, tunnels, emit};
	const ownSwitches = createSwitches(parts, posture);
	await ownSwitches.set(scenarioSwitches);
	const server = `https://127.0.0.1:${controlPlane.apiserver.port}`;
	return {
		server,
		switches: ownSwitches,
		close,
		kubeconfig: (user: UserName = 'admin') => buildKubeconfig(server, issuer.authority, credentials, user),
		faults: createFaults(parts),
		onEvent(listener) {
			listeners.add(listener);
			return () => void listeners.delete(listener);
		},
	};
}

function switchesOf(scenario: ScenarioName): Partial<SwitchValues> {
	if (!Object.hasOwn(scenarios, scenario)) {
		throw new SpokeError('ERR_USAGE', `unknown scenario: ${scenario}`, {remedy: `use one of ${Object.keys(scenarios).join(', ')}`});
	}

	return scenarios[scenario];
}

async function createApiserverKeys(issuer: ClusterIssuer) {
	const names = ['127.0.0.1', 'localhost', '10.96.0.1', 'kubernetes', 'kubernetes.default', 'kubernetes.default.svc'];
	return {
		serving: await issuer.issue({subject: 'CN=kube-apiserver', use: 'server', names}),
		kubeletClient: await issuer.issue({subject: `CN=${apiserverIdentity}, O=system:masters`, use: 'client'}),
	};
}

/** As in a kubeconfig, by user. */
async function createCredentials(issuer: ClusterIssuer): Promise<Credentials> {
	const entries = users.map(async ({name, groups, credential}): Promise<[UserName, Record<string, string>]> => {
		if (credential === 'token') {
			return [name, {token: randomBytes(24).toString('base64url')}];
		}

		const {certificate, key} = await issuer.issue({
			subject: [`CN=${name}`, ...groups.map(group => `O=${group}`)].join(', '),
			use: 'client',
		});
		return [name, {'client-certificate-data': base64(certificate), 'client-key-data': base64(key)}];
	});
	return new Map(await Promise.all(entries));
}

function portError(error: NodeJS.ErrnoException, port: number): unknown {
	return error.code === 'EADDRINUSE' || error.code === 'EACCES'
		? new SpokeError('ERR_PORT_IN_USE', `port ${port} ${error.code === 'EACCES' ? 'is not permitted' : 'is in use'} on 127.0.0.1`, {
				remedy: 'pass another --port, or omit it to use a free one',
				cause: error,
			})
		: error;
}

type Credentials = ReadonlyMap<UserName, Record<string, string>>;

function buildKubeconfig(server: string, authority: string, credentials: Credentials, current: UserName): SandboxKubeconfig {
	const cluster = 'spoke-sandbox';
	const contextOf = (name: string) => (name === 'admin' ? 'sandbox' : `sandbox-${name}`);
	const extensions = [{name: 'spoke.dev/sandbox', extension: {sandbox: true as const}}];
	return {
		apiVersion: 'v1',
		kind: 'Config',
		'current-context': contextOf(current),
		clusters: [{name: cluster, cluster: {server, 'certificate-authority-data': base64(authority), extensions}}],
		contexts: users.map(({name}) => ({name: contextOf(name), context: {cluster, user: name, namespace: 'default'}})),
		users: users.map(({name}) => ({name, user: credentials.get(name)!})),
	};
}

function base64(text: string): string {
	return Buffer.from(text).toString('base64');
}

const watched = new Set(['deployments', 'replicasets', 'statefulsets', 'daemonsets', 'jobs', 'pods', 'services', 'nodes']);

function startControllers(store: ObjectStore): () => void {
	let due: NodeJS.Immediate | undefined;
	const reconcile = () => {
		due = undefined;
		reconcileWorkloads(store);
		reconcileEndpoints(store);
	};

	const unwatch = store.onChange(({resource}) => {
		if (watched.has(resource)) {
			due ??= setImmediate(reconcile);
		}
	});
	reconcile();
	return () => {
		unwatch();
		clearImmediate(due);
	};
}

/** @throws Error for a pod that is not in the sandbox */
function createFaults({store, link, kubelets, controlPlane, emit}: SandboxParts): Sandbox['faults'] {
	const runtimeOf = ({namespace = 'default', name}: ObjectName): PodRuntime => {
		const found = kubelets.map(kubelet => kubelet.pod(namespace, name)).find(pod => pod !== undefined);
		if (!found) {
			throw new Error(`no pod ${namespace}/${name} in this sandbox`);
		}

		return found;
	};

	return {
		cut() {
			link.disconnect();
			emit('connections to the apiserver were reset');
		},
		cutSecondLeg() {
			for (const kubelet of kubelets) {
				kubelet.cutConnections();
			}

			emit('connections to the kubelets were reset');
		},
		async restartApiserver(down) {
			await controlPlane.restart({}, down);
			emit('the apiserver was restarted');
		},
		rotateLogs(pod) {
			const runtimes = pod ? [runtimeOf(pod)] : kubelets.flatMap(kubelet => kubelet.runtimes);
			for (const container of runtimes.flatMap(runtime => runtime.containers)) {
				container.log.rotate();
			}

			emit('logs were rotated');
		},
		replacePod({namespace = 'default', name}) {
			deletePod(store, {namespace, name});
			emit(`pod ${name} is being replaced`);
		},
		restartContainers(pod) {
			runtimeOf(pod).restart();
			emit(`containers of ${pod.name} were stopped`);
		},
		rollOut({namespace = 'default', name}) {
			store.update('deployments', namespace, name, deployment => {
				const {template} = deployment.spec;
				template.metadata = {
					...template.metadata,
					annotations: {...template.metadata?.annotations, 'kubectl.kubernetes.io/restartedAt': new Date().toISOString()},
				};
				deployment.metadata.generation = (deployment.metadata.generation ?? 1) + 1;
			});
			emit(`deployment ${name} rolls out`);
		},
		compact() {
			store.compact();
			emit('the watch history was compacted');
		},
	};
}

function createSwitches(parts: SandboxParts, posture: Posture): Sandbox['switches'] {
	const inTurn = serially();
	const defaults = Object.fromEntries(switches.map(({name, values}) => [name, values[0]!.value])) as SwitchValues;
	let current: SwitchValues = {...defaults, ...posture};
	return {
		get: () => ({...current}),
		set: async change =>
			inTurn(async () => {
				const before = current;
				current = {...before, ...change};
				await applySwitches(parts, before, current);
			}),
	};
}

async function applySwitches(parts: SandboxParts, before: SwitchValues, after: SwitchValues): Promise<void> {
	const {kubelets, controlPlane, link, tunnels, store, emit} = parts;
	if (certificateFor(after, after.certificate) !== kubelets[0]!.certificate) {
		await Promise.all(kubelets.map(async kubelet => kubelet.serveWith(certificateFor(after, after.certificate))));
	}

	recordSigningRequests(store, kubelets);
	for (const kubelet of kubelets) {
		kubelet.refusesApiserver = after.identity === 'refused';
	}

	if (after.verification !== before.verification || after.route !== before.route) {
		await controlPlane.restart({verification: after.verification, route: after.route});
		emit('the apiserver was restarted with other flags');
	}

	tunnels.setAgents(after.agents);
	deployAgents(store, tunnels.hasAgents);
	await tunnels.waitForAgents();
	link.latencyMs = after.latency;
	link.stall(after.stall === 'on');
	controlPlane.apiserver.retryAfter = after.retryAfter;
	for (const {name, title, values} of switches) {
		if (after[name] !== before[name]) {
			const labelOf = (value: string | number) => values.find(one => one.value === value)?.label ?? String(value);
			emit(`${title}: ${labelOf(before[name])} → ${labelOf(after[name])}`);
		}
	}
}
