/** Runtime of one pod, and its status. */
import {randomBytes} from 'node:crypto';
import {once} from 'node:events';
import type {V1ContainerStatus, V1PodStatus} from '@kubernetes/client-node';
import {Container, type ContainerSpec} from '../containers/container.ts';
import type {FindProgram} from '../containers/programs.ts';
import type {AddressPlan} from '../network/address-plan.ts';
import {apiTime, condition, type KubeJson, type Pod, type PodSpec} from '../objects/kube-object.ts';
import type {ObjectStore} from '../objects/object-store.ts';

export type RuntimeConfig = {
	store: ObjectStore;
	plan: AddressPlan;
	findProgram: FindProgram;
	node: string;
	hostAddress: string;
	backOffMs: number;
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
				const ended = once(container, 'ended');
				container.stop();
				await ended;
			}),
		);
	}

	/** Stops containers; the restart policy decides whether they start again. */
	restart(): void {
		for (const container of this.#main) {
			container.stop();
		}
	}

	#container(spec: ContainerSpec): Container {
		const env = {
			PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
			HOSTNAME: this.#pod.metadata.name,
			HOME: '/root',
			KUBERNETES_SERVICE_HOST: '10.96.0.1',
			KUBERNETES_SERVICE_PORT: '443',
			...Object.fromEntries((spec.env ?? []).map(({name, value = ''}) => [name, value])),
		};
		const program = this.#config.findProgram(spec.image!) ?? null;
		const container = new Container({spec, program, env, address: this.address, plan: this.#config.plan});
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
		const {
			program,
			spec: {image},
		} = container.config;
		if (!program) {
			container.state = {waiting: {reason: 'ImagePullBackOff', message: `Back-off pulling image "${image}"`}};
			this.#recordEvent('Failed', `Failed to pull image "${image}": not found`, container, 'Warning');
			return;
		}

		this.#recordEvent('Pulled', `Container image "${image}" already present on machine`, container);
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
		const {restartPolicy} = this.#pod.spec;
		if (this.#init.includes(container) && !failed) {
			this.#startNext();
		} else if (restartPolicy === 'Always' || (restartPolicy === 'OnFailure' && failed)) {
			this.#restartLater(container, failed);
		}

		this.#report();
	}

	#restartLater(container: Container, failed: boolean): void {
		const delay = failed || container.restarts > 0 ? Math.min(this.#config.backOffMs * 2 ** Math.min(container.restarts, 6), 300_000) : 0;
		const ended = container.state;
		if (failed) {
			const {name, namespace, uid} = this.#pod.metadata;
			const pod = `${name}_${namespace}(${uid})`;
			const message = `back-off ${delay / 1000}s restarting failed container=${container.name} pod=${pod}`;
			container.lastState = ended;
			container.state = {waiting: {reason: 'CrashLoopBackOff', message}};
			this.#recordEvent('BackOff', `Back-off restarting failed container ${container.name} in pod ${pod}`, container, 'Warning');
		}

		const restart = () => {
			container.state = ended;
			this.#run(container);
			this.#report();
		};

		this.#timers.add(setTimeout(restart, delay));
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
				pod.status = this.#status(pod.status ?? {});
			}
		});
	}

	/** `previous` keeps the times of unchanged conditions. */
	#status(previous: PodStatus): PodStatus {
		const [init, main, ephemeral] = [this.#init, this.#main, this.#ephemeral];
		const {hostAddress} = this.#config;
		const isInitialized = init.every(container => container.state.terminated?.exitCode === 0);
		const running = main.filter(container => container.isRunning);
		const isReady = isInitialized && running.length === main.length;
		const phase = podPhase(this.#pod.spec, main, isInitialized);
		const unready = main.filter(container => !running.includes(container)).map(container => container.name);
		const withoutProbe = {lastProbeTime: null};
		const reason = phase === 'Succeeded' ? 'PodCompleted' : 'ContainersNotReady';
		const why = {...withoutProbe, ...(!isReady && {reason, message: `containers with unready status: [${unready.join(' ')}]`})};
		return {
			phase,
			conditions: [
				condition(previous, 'PodReadyToStartContainers', true, withoutProbe),
				condition(previous, 'Initialized', isInitialized, withoutProbe),
				condition(previous, 'Ready', isReady, why),
				condition(previous, 'ContainersReady', isReady, why),
				condition(previous, 'PodScheduled', true, withoutProbe),
			],
			hostIP: hostAddress,
			hostIPs: [{ip: hostAddress}],
			podIP: this.address,
			podIPs: [{ip: this.address}],
			startTime: this.#startedAt,
			qosClass: 'BestEffort',
			resources: {},
			...(init.length > 0 && {initContainerStatuses: init.map(containerStatus)}),
			containerStatuses: main.map(containerStatus),
			...(ephemeral.length > 0 && {ephemeralContainerStatuses: ephemeral.map(containerStatus)}),
		};
	}
}

const maxEvents = 200;

function podPhase(spec: PodSpec, main: readonly Container[], isInitialized: boolean): 'Pending' | 'Running' | 'Succeeded' | 'Failed' {
	const ended = main.map(container => container.state.terminated);
	if (ended.every(state => state !== undefined) && spec.restartPolicy !== 'Always') {
		return ended.every(state => state.exitCode === 0) ? 'Succeeded' : 'Failed';
	}

	return isInitialized && main.some(container => container.id !== '') ? 'Running' : 'Pending';
}

function containerStatus({name, id, state, lastState, restarts, isRunning, config}: Container): KubeJson<V1ContainerStatus> {
	const image = config.spec.image!;
	return {
		name,
		state,
		lastState,
		ready: isRunning || state.terminated?.exitCode === 0,
		restartCount: restarts,
		image,
		imageID: id === '' ? '' : `sandbox://${image}`,
		...(id !== '' && {containerID: `containerd://${id}`}),
		started: isRunning,
	};
}
