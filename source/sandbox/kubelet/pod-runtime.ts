/** Runtime of one pod, and its status. */
import {randomBytes} from 'node:crypto';
import type {V1ContainerStatus, V1PodCondition, V1PodStatus} from '@kubernetes/client-node';
import {Container, type ContainerSpec} from '../containers/container.ts';
import type {FindProgram} from '../containers/programs.ts';
import type {AddressPlan} from '../network/address-plan.ts';
import {apiTime, type KubeJson, type Pod, type PodSpec} from '../objects/kube-object.ts';
import type {ObjectStore} from '../objects/object-store.ts';

export type RuntimeConfig = {
	store: ObjectStore;
	plan: AddressPlan;
	findProgram: FindProgram;
	node: string;
	hostAddress: string;
	backOffMs: number;
};

type PodParts = {
	spec: PodSpec;
	init: readonly Container[];
	main: readonly Container[];
	ephemeral: readonly Container[];
	address: string;
	hostAddress: string;
	startedAt: string;
};

type PodStatus = KubeJson<V1PodStatus>;

export class PodRuntime {
	/** CRI id of the pod sandbox, which port-forward errors contain. */
	readonly podSandboxId = randomBytes(32).toString('hex');
	readonly address: string;
	readonly uid: string;
	readonly #pod: Pod;
	readonly #config: RuntimeConfig;
	readonly #startedAt = apiTime();
	readonly #init: Container[];
	readonly #main: Container[];
	readonly #ephemeral: Container[] = [];
	readonly #timers = new Set<NodeJS.Timeout>();
	#isStopping = false;

	constructor(pod: Pod, config: RuntimeConfig) {
		this.#pod = pod;
		this.#config = config;
		this.uid = pod.metadata.uid;
		this.address = pod.spec.hostNetwork ? config.hostAddress : config.plan.podAddress();
		this.#init = (pod.spec.initContainers ?? []).map(spec => this.#container(spec));
		this.#main = pod.spec.containers.map(spec => this.#container(spec));
	}

	get containers(): readonly Container[] {
		return [...this.#init, ...this.#main, ...this.#ephemeral];
	}

	start(): void {
		const {namespace, name} = this.#pod.metadata;
		this.#recordEvent('Scheduled', `Successfully assigned ${namespace}/${name} to ${this.#config.node}`);
		this.#startNext();
		this.#report();
	}

	startEphemeralContainers(pod: Pod): void {
		for (const spec of pod.spec.ephemeralContainers ?? []) {
			if (this.#ephemeral.some(container => container.name === spec.name)) {
				continue;
			}

			const container = this.#container(spec);
			this.#ephemeral.push(container);
			this.#run(container);
			this.#report();
		}
	}

	/** Resolves when all containers have stopped. */
	async stop(): Promise<void> {
		this.#isStopping = true;
		for (const timer of this.#timers) {
			clearTimeout(timer);
		}

		const running = this.containers.filter(container => container.isRunning);
		await Promise.all(
			running.map(async container => {
				const {promise, resolve} = Promise.withResolvers<void>();
				container.once('ended', resolve);
				container.stop();
				await promise;
			}),
		);
	}

	/** Stops containers; the restart policy decides whether they start again. */
	restart(containerName?: string): void {
		for (const container of this.#main) {
			if (containerName === undefined || container.name === containerName) {
				container.stop();
			}
		}
	}

	#container(spec: ContainerSpec): Container {
		const {metadata} = this.#pod;
		const env: Record<string, string> = {
			PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
			HOSTNAME: metadata.name,
			HOME: '/root',
			KUBERNETES_SERVICE_HOST: '10.96.0.1',
			KUBERNETES_SERVICE_PORT: '443',
		};
		for (const {name, value} of spec.env ?? []) {
			env[name] = value ?? '';
		}

		const program = this.#config.findProgram(spec.image ?? '');
		const container = new Container({spec, program: program ?? (async () => 0), env, address: this.address, plan: this.#config.plan});
		container.on('ended', () => {
			this.#onEnded(container);
		});
		return container;
	}

	/** Starts the first init container that has not succeeded, or else all regular containers. */
	#startNext(): void {
		const next = this.#init.find(container => container.state.terminated?.exitCode !== 0);
		for (const container of next ? [next] : this.#main) {
			this.#run(container);
		}
	}

	#run(container: Container): void {
		const {spec} = container.config;
		if (!this.#config.findProgram(spec.image ?? '')) {
			container.state = {waiting: {reason: 'ImagePullBackOff', message: `Back-off pulling image "${spec.image}"`}};
			this.#recordEvent('Failed', `Failed to pull image "${spec.image}": not found`, container, 'Warning');
			return;
		}

		this.#recordEvent('Pulled', `Container image "${spec.image}" already present on machine`, container);
		this.#recordEvent('Created', 'Container created', container);
		container.start();
		this.#recordEvent('Started', 'Container started', container);
	}

	#onEnded(container: Container): void {
		if (this.#isStopping || this.#ephemeral.includes(container)) {
			this.#report();
			return;
		}

		const failed = container.state.terminated?.exitCode !== 0;
		if (this.#init.includes(container) && !failed) {
			this.#startNext();
		} else if (this.#pod.spec.restartPolicy === 'Always' || (this.#pod.spec.restartPolicy === 'OnFailure' && failed)) {
			this.#restartLater(container, failed);
		}

		this.#report();
	}

	#restartLater(container: Container, failed: boolean): void {
		const delay = failed || container.restarts > 0 ? Math.min(this.#config.backOffMs * 2 ** Math.min(container.restarts, 6), 300_000) : 0;
		const restart = () => {
			container.state = container.state.waiting ? container.lastState : container.state;
			this.#run(container);
			this.#report();
		};

		if (failed && delay > 0) {
			const ended = container.state;
			const {name, namespace, uid} = this.#pod.metadata;
			container.lastState = ended;
			container.state = {
				waiting: {
					reason: 'CrashLoopBackOff',
					message: `back-off ${delay / 1000}s restarting failed container=${container.name} pod=${name}_${namespace}(${uid})`,
				},
			};
			const pod = `pod ${name}_${namespace}(${uid})`;
			this.#recordEvent('BackOff', `Back-off restarting failed container ${container.name} in ${pod}`, container, 'Warning');
		}

		const timer = setTimeout(restart, delay);
		this.#timers.add(timer);
	}

	/** Of the scheduler without `container`. Increments the count of an equal event, and keeps the newest 200 events of each namespace. */
	#recordEvent(reason: string, message: string, container?: Container, type: 'Normal' | 'Warning' = 'Normal'): void {
		const {store, node} = this.#config;
		const {kind, apiVersion, metadata} = this.#pod;
		const {name, namespace, uid, resourceVersion} = metadata;
		const now = apiTime();
		const events = store.list('events', namespace);
		const same = events.find(event => event.involvedObject.uid === uid && event.reason === reason && event.message === message);
		if (same) {
			store.update('events', namespace, same.metadata.name, event => {
				event.count = (event.count ?? 0) + 1;
				event.lastTimestamp = now;
			});
			return;
		}

		if (events.length >= maxEvents) {
			const oldest = events.toSorted((a, b) => Number(a.metadata.resourceVersion) - Number(b.metadata.resourceVersion))[0]!;
			store.delete('events', namespace, oldest.metadata.name);
		}

		const source = container ? {component: 'kubelet', host: node} : {component: 'default-scheduler'};
		const fieldPath = container && {fieldPath: `spec.containers{${container.name}}`};
		store.create('events', {
			metadata: {name: `${name}.${Date.now().toString(16)}${store.revision.toString(16)}`, namespace: namespace!},
			involvedObject: {kind, namespace: namespace!, name, uid, apiVersion, resourceVersion, ...fieldPath},
			reason,
			message,
			source,
			firstTimestamp: now,
			lastTimestamp: now,
			count: 1,
			type,
			eventTime: null,
			reportingComponent: source.component,
			reportingInstance: source.host ?? '',
		});
	}

	#report(): void {
		const {namespace, name} = this.#pod.metadata;
		this.#config.store.update('pods', namespace, name, pod => {
			if (pod.metadata.uid === this.uid) {
				pod.status = podStatus(
					{
						spec: pod.spec,
						init: this.#init,
						main: this.#main,
						ephemeral: this.#ephemeral,
						address: this.address,
						hostAddress: this.#config.hostAddress,
						startedAt: this.#startedAt,
					},
					pod.status ?? {},
				);
			}
		});
	}
}

const maxEvents = 200;

/** `previous` keeps the times of unchanged conditions. */
function podStatus({spec, init, main, ephemeral, address, hostAddress, startedAt}: PodParts, previous: PodStatus): PodStatus {
	const isInitialized = init.every(container => container.state.terminated?.exitCode === 0);
	const ready = isInitialized && main.every(container => container.isRunning);
	const phase = podPhase({spec, main}, isInitialized);
	const completed = phase === 'Succeeded' ? {reason: 'PodCompleted'} : {};
	const unready = main
		.filter(container => !container.isRunning)
		.map(({name}) => name)
		.join(' ');
	const reason = ready ? {} : {reason: 'ContainersNotReady', message: `containers with unready status: [${unready}]`, ...completed};
	return {
		phase,
		conditions: [
			condition('PodReadyToStartContainers', true, {}, previous),
			condition('Initialized', isInitialized, {}, previous),
			condition('Ready', ready, reason, previous),
			condition('ContainersReady', ready, reason, previous),
			condition('PodScheduled', true, {}, previous),
		],
		hostIP: hostAddress,
		hostIPs: [{ip: hostAddress}],
		podIP: address,
		podIPs: [{ip: address}],
		startTime: startedAt,
		qosClass: 'BestEffort',
		resources: {},
		...(init.length > 0 && {initContainerStatuses: init.map(containerStatus)}),
		containerStatuses: main.map(containerStatus),
		...(ephemeral.length > 0 && {ephemeralContainerStatuses: ephemeral.map(containerStatus)}),
	};
}

function podPhase({spec, main}: Pick<PodParts, 'spec' | 'main'>, isInitialized: boolean): 'Pending' | 'Running' | 'Succeeded' | 'Failed' {
	const ended = main.map(container => container.state.terminated);
	if (ended.every(state => state !== undefined) && spec.restartPolicy !== 'Always') {
		return ended.every(state => state.exitCode === 0) ? 'Succeeded' : 'Failed';
	}

	return isInitialized && main.some(container => container.id !== '') ? 'Running' : 'Pending';
}

function containerStatus(container: Container): KubeJson<V1ContainerStatus> {
	const {
		name,
		id,
		state,
		lastState,
		restarts,
		isRunning: running,
		config: {spec},
	} = container;
	const {image = ''} = spec;
	return {
		name,
		state,
		lastState,
		ready: running || state.terminated?.exitCode === 0,
		restartCount: restarts,
		image,
		imageID: id === '' ? '' : `sandbox://${image}`,
		...(id !== '' && {containerID: `containerd://${id}`}),
		started: running,
	};
}

function condition(
	type: string,
	holds: boolean,
	why: {reason?: string; message?: string},
	{conditions}: PodStatus,
): KubeJson<V1PodCondition> {
	const status = holds ? 'True' : 'False';
	const last = conditions?.find(condition => condition.type === type && condition.status === status);
	return {type, status, lastProbeTime: null, lastTransitionTime: last?.lastTransitionTime ?? apiTime(), ...why};
}
