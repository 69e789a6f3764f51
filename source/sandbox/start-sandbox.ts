/** Start of a sandbox on real loopback sockets, with keys only in memory. */
import {randomBytes} from 'node:crypto';
import {SpokeError} from '../errors/spoke-error.ts';
import {type UserName, users} from './apiserver/users.ts';
import {createClusterIssuer, type ClusterIssuer} from './certificates/cluster-issuer.ts';
import type {KeyPair} from '../certificates/issuer.ts';
import {programsByImage} from './containers/programs.ts';
import {ControlPlane} from './control-plane.ts';
import {reconcileEndpoints, reconcileWorkloads} from './controllers/workloads.ts';
import {apiserverIdentity} from './kubelet/kubelet-requests.ts';
import type {PodRuntime} from './kubelet/pod-runtime.ts';
import {createAddressPlan} from './network/address-plan.ts';
import {FaultyLink} from './network/faulty-link.ts';
import {nodeNames, startNodes, createBaseObjects, certificateFor, recordSigningRequests} from './nodes.ts';
import {deletePod} from './controllers/workload-pods.ts';
import {ObjectStore} from './objects/object-store.ts';
import {createShopWorkloads, scenarios, type ScenarioSpec} from './scenarios.ts';
import {agentImage, Tunnels, deployAgents} from './tunnels/tunnels.ts';
import type {Kubelet} from './kubelet/kubelet.ts';
import {noop} from './network/join-streams.ts';
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

export type SandboxParts = {
	store: ObjectStore;
	link: FaultyLink;
	kubelets: readonly Kubelet[];
	controlPlane: ControlPlane;
	tunnels: Tunnels;
	emit(what: string): void;
};

/** @throws SpokeError ERR_USAGE for an unknown scenario, ERR_PORT_IN_USE */
export async function startSandbox({scenario = 'default', port = 0, signal}: SandboxOptions = {}): Promise<Sandbox> {
	const spec = scenarioOf(scenario);
	const [issuer, plan] = await Promise.all([createClusterIssuer('spoke-sandbox-ca'), createAddressPlan()]);
	const store = new ObjectStore();
	const link = new FaultyLink();
	const tunnels = new Tunnels(
		plan,
		issuer,
		nodeNames.map((_, index) => plan.nodeAddress(index)),
	);
	const [{serving, kubeletClient}, credentials] = await Promise.all([createApiserverKeys(issuer), createCredentials(issuer)]);
	const posture = {verification: spec.switches.verification ?? 'off', route: spec.switches.route ?? 'direct'} as const;
	createBaseObjects(store, issuer.authority);
	const kubelets = await startNodes(
		{store, plan, issuer, findProgram: programsByImage(async host => issuer.selfSigned(host), {[agentImage]: tunnels.agentProgram()})},
		posture,
	);
	const tokens = new Map(
		[...credentials].flatMap(([name, credential]) => ('token' in credential ? [[credential.token, name] as const] : [])),
	);
	const controlPlane = new ControlPlane({store, authority: issuer.authority, kubeletClient, serving, tokens, link, tunnels});
	createShopWorkloads(store);
	const stopControllers = startControllers(store);
	const close = async () => {
		stopControllers();
		await controlPlane.stop();
		await Promise.all(kubelets.map(async kubelet => kubelet.stop()));
		plan.release();
	};

	try {
		await controlPlane.start(posture, port);
	} catch (error) {
		await close();
		throw portError(error as NodeJS.ErrnoException, port);
	}

	const events = new Events();
	const parts = {store, link, kubelets, controlPlane, tunnels, emit: events.emit};
	const switches = new SandboxSwitches(parts, posture);
	await switches.set(spec.switches);
	const server = `https://127.0.0.1:${controlPlane.apiserver.port}`;
	signal?.addEventListener('abort', close, {once: true});
	if (signal?.aborted) {
		await close();
	}

	return {
		server,
		switches,
		close,
		kubeconfig: (user: UserName = 'admin') => buildKubeconfig(server, issuer.authority, credentials, user),
		faults: createFaults(parts),
		onEvent: events.on,
	};
}

function scenarioOf(scenario: string): ScenarioSpec {
	const spec = scenarios.find(({name}) => name === scenario);
	if (!spec) {
		throw new SpokeError('ERR_USAGE', `unknown scenario: ${scenario}`, {
			remedy: `use one of ${scenarios.map(({name}) => name).join(', ')}`,
		});
	}

	return spec;
}

class Events {
	readonly #listeners = new Set<(event: SandboxEvent) => void>();

	readonly emit = (description: string): void => {
		for (const listener of this.#listeners) {
			listener({time: new Date().toISOString(), description});
		}
	};

	readonly on = (listener: (event: SandboxEvent) => void): (() => void) => {
		this.#listeners.add(listener);
		return () => void this.#listeners.delete(listener);
	};
}

async function createApiserverKeys(issuer: ClusterIssuer) {
	const [serving, kubeletClient] = await Promise.all([
		issuer.issue({
			subject: 'CN=kube-apiserver',
			use: 'server',
			names: ['127.0.0.1', 'localhost', '10.96.0.1', 'kubernetes', 'kubernetes.default', 'kubernetes.default.svc'],
		}),
		issuer.issue({subject: `CN=${apiserverIdentity}, O=system:masters`, use: 'client'}),
	]);
	return {serving, kubeletClient};
}

async function createCredentials(issuer: ClusterIssuer): Promise<Credentials> {
	return new Map(
		await Promise.all(
			users.map(
				async ({name, groups, credential}) =>
					[
						name,
						credential === 'token'
							? {token: randomBytes(24).toString('base64url')}
							: {pair: await issuer.issue({subject: [`CN=${name}`, ...groups.map(group => `O=${group}`)].join(', '), use: 'client'})},
					] as const,
			),
		),
	);
}

function portError(error: NodeJS.ErrnoException, port: number): unknown {
	return error.code === 'EADDRINUSE' || error.code === 'EACCES'
		? new SpokeError('ERR_PORT_IN_USE', `port ${port} ${error.code === 'EACCES' ? 'is not permitted' : 'is in use'} on 127.0.0.1`, {
				remedy: 'pass another --port, or omit it to use a free one',
				cause: error,
			})
		: error;
}

const sandboxExtension = 'spoke.dev/sandbox';

type Credentials = ReadonlyMap<UserName, {pair: KeyPair} | {token: string}>;

function buildKubeconfig(server: string, authority: string, credentials: Credentials, current: UserName): SandboxKubeconfig {
	const cluster = 'spoke-sandbox';
	const contextOf = (name: string) => (name === 'admin' ? 'sandbox' : `sandbox-${name}`);
	return {
		apiVersion: 'v1',
		kind: 'Config',
		'current-context': contextOf(current),
		clusters: [
			{
				name: cluster,
				cluster: {
					server,
					'certificate-authority-data': base64(authority),
					extensions: [{name: sandboxExtension, extension: {sandbox: true}}],
				},
			},
		],
		contexts: users.map(({name, namespace}) => ({name: contextOf(name), context: {cluster, user: name, namespace}})),
		users: users.map(({name}) => {
			const credential = credentials.get(name)!;
			return {
				name,
				user:
					'token' in credential
						? {token: credential.token}
						: {'client-certificate-data': base64(credential.pair.certificate), 'client-key-data': base64(credential.pair.key)},
			};
		}),
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
		restartContainers(pod, container) {
			runtimeOf(pod).restart(container);
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

/** Applies changed switches to the sandbox. */
export class SandboxSwitches {
	readonly #parts: SandboxParts;
	#values: SwitchValues;
	#lastChange: Promise<void> = Promise.resolve();

	constructor(parts: SandboxParts, posture: Posture) {
		this.#parts = parts;
		this.#values = {...posture, agents: 'running', certificate: 'matching', identity: 'accepted', latency: 0, stall: 'off', retryAfter: 0};
	}

	get(): SwitchValues {
		return {...this.#values};
	}

	async set(change: Partial<SwitchValues>): Promise<void> {
		const applied = this.#lastChange.then(async () => this.#apply(change));
		this.#lastChange = applied.catch(noop);
		await applied;
	}

	async #apply(change: Partial<SwitchValues>): Promise<void> {
		const before = this.#values;
		const after = {...before, ...change};
		const {kubelets, controlPlane, link, tunnels, store, emit} = this.#parts;
		this.#values = after;
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

		await tunnels.setAgents(after.agents);
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
}
