/** What a kubelet reports of a pod, from the lives of its containers. */
import type {Container} from '../containers/container.ts';
import {apiTime, type Json} from '../objects/kube-object.ts';

export type PodParts = {
	spec: Json;
	init: readonly Container[];
	main: readonly Container[];
	ephemeral: readonly Container[];
	address: string;
	hostAddress: string;
	startedAt: string;
};

/** The pod's `status`; `before` keeps the times of conditions that did not change. */
export function podStatus({spec, init, main, ephemeral, address, hostAddress, startedAt}: PodParts, before: Json): Json {
	const initialised = init.every(container => container.state['terminated']?.exitCode === 0);
	const ready = initialised && main.every(container => container.running);
	const phase = podPhase({spec, main}, initialised);
	const completed = phase === 'Succeeded' ? {reason: 'PodCompleted'} : {};
	const unready = main
		.filter(container => !container.running)
		.map(({name}) => name)
		.join(' ');
	const whyNot = ready ? {} : {reason: 'ContainersNotReady', message: `containers with unready status: [${unready}]`, ...completed};
	return {
		phase,
		conditions: [
			condition('PodReadyToStartContainers', true, {}, before),
			condition('Initialized', initialised, {}, before),
			condition('Ready', ready, whyNot, before),
			condition('ContainersReady', ready, whyNot, before),
			condition('PodScheduled', true, {}, before),
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

function podPhase({spec, main}: Pick<PodParts, 'spec' | 'main'>, initialised: boolean): 'Pending' | 'Running' | 'Succeeded' | 'Failed' {
	const ended = main.map(container => container.state['terminated'] as Json | undefined);
	if (ended.every(state => state !== undefined) && spec['restartPolicy'] !== 'Always') {
		return ended.every(state => state['exitCode'] === 0) ? 'Succeeded' : 'Failed';
	}

	return initialised && main.some(container => container.id !== '') ? 'Running' : 'Pending';
}

function containerStatus(container: Container): Json {
	const {
		name,
		id,
		state,
		lastState,
		restarts,
		running,
		setting: {spec},
	} = container;
	const image = spec['image'] as string;
	return {
		name,
		state,
		lastState,
		ready: running || state['terminated']?.exitCode === 0,
		restartCount: restarts,
		image,
		imageID: id === '' ? '' : `sandbox://${image}`,
		...(id !== '' && {containerID: `containerd://${id}`}),
		started: running,
	};
}

function condition(type: string, holds: boolean, why: Json, before: Json): Json {
	const status = holds ? 'True' : 'False';
	const last = (before['conditions'] as Json[] | undefined)?.find(
		condition => condition['type'] === type && condition['status'] === status,
	);
	return {type, status, lastProbeTime: null, lastTransitionTime: last?.['lastTransitionTime'] ?? apiTime(), ...why};
}
