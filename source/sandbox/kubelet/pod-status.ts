/** Pod status. */
import type {V1ContainerStatus, V1PodCondition, V1PodStatus} from '@kubernetes/client-node';
import type {Container} from '../containers/container.ts';
import {apiTime, type KubeJson, type PodSpec} from '../objects/kube-object.ts';

export type PodParts = {
	spec: PodSpec;
	init: readonly Container[];
	main: readonly Container[];
	ephemeral: readonly Container[];
	address: string;
	hostAddress: string;
	startedAt: string;
};

type PodStatus = KubeJson<V1PodStatus>;

/** `previous` keeps the times of unchanged conditions. */
export function podStatus({spec, init, main, ephemeral, address, hostAddress, startedAt}: PodParts, previous: PodStatus): PodStatus {
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
