/** Container selection. */
import {SpokeError} from '../../base/errors/spoke-error.ts';
import type {ContainerSpec, ContainerStatus, PodObject} from './pod-object.ts';

/** @see https://github.com/kubernetes/enhancements/tree/master/keps/sig-cli/2227-kubectl-default-container */
export const defaultContainerAnnotation = 'kubectl.kubernetes.io/default-container';

export type ContainerRole = 'regular' | 'init' | 'ephemeral';

export type ChosenContainer = {
	name: string;
	/** kubectl's. */
	notice: string | null;
};

/**
If the annotation names no container, kubectl's `logs` uses the first; exec and attach fail.
@throws SpokeError ERR_NOT_FOUND that lists the containers
@see https://github.com/kubernetes/kubernetes/blob/v1.36.3/staging/src/k8s.io/kubectl/pkg/cmd/util/podcmd/podcmd.go
*/
export function chooseContainer(
	pod: PodObject,
	named: string | undefined,
	options: {unknownAnnotation: 'go-on' | 'refuse'},
): ChosenContainer {
	const annotated = pod.metadata.annotations?.[defaultContainerAnnotation] ?? '';
	const wanted = named ?? '';
	if (wanted !== '') {
		return {name: validateContainerName(pod, wanted), notice: null};
	}

	if (annotated !== '') {
		if (containerRole(pod, annotated) !== undefined || options.unknownAnnotation === 'refuse') {
			return {name: validateContainerName(pod, annotated), notice: null};
		}

		return {name: firstContainer(pod), notice: `Default container name ${JSON.stringify(annotated)} not found in pod ${pod.metadata.name}`};
	}

	const name = firstContainer(pod);
	return {
		name,
		notice: allContainers(pod).length > 1 ? `Defaulted container ${JSON.stringify(name)} out of: ${containerNames(pod)}` : null,
	};
}

export function containerRole(pod: PodObject, name: string): ContainerRole | undefined {
	return allContainers(pod).find(container => container.name === name)?.role;
}

/** All containers in kubectl's order. */
export function allContainers(pod: PodObject): ReadonlyArray<{name: string; role: ContainerRole}> {
	const named = (role: ContainerRole, containers: ReadonlyArray<{name: string}> = []) => containers.map(({name}) => ({name, role}));
	return [
		...named('init', pod.spec.initContainers),
		...named('regular', pod.spec.containers),
		...named('ephemeral', pod.spec.ephemeralContainers),
	];
}

/** Excludes init containers that are not running, and terminated ephemeral ones, which never restart. */
export function attachableContainers(pod: PodObject): ReadonlyArray<{name: string; role: ContainerRole}> {
	return allContainers(pod).filter(({name, role}) => {
		const state = containerStatus(pod, name)?.state;
		return role === 'init' ? Boolean(state?.running) : role === 'regular' || !state?.terminated;
	});
}

export function containerNames(pod: PodObject): string {
	const named = (containers: ReadonlyArray<{name: string}> = [], mark = '') => containers.map(({name}) => `${name}${mark}`);
	return [
		...named(pod.spec.containers),
		...named(pod.spec.ephemeralContainers, ' (ephem)'),
		...named(pod.spec.initContainers, ' (init)'),
	].join(', ');
}

export function containerSpec({spec}: PodObject, name: string): ContainerSpec | undefined {
	return [...spec.containers, ...(spec.initContainers ?? []), ...(spec.ephemeralContainers ?? [])].find(
		container => container.name === name,
	);
}

export function containerStatus(pod: PodObject, name: string): ContainerStatus | undefined {
	const {containerStatuses = [], initContainerStatuses = [], ephemeralContainerStatuses = []} = pod.status ?? {};
	return [...containerStatuses, ...initContainerStatuses, ...ephemeralContainerStatuses].find(status => status.name === name);
}

function validateContainerName(pod: PodObject, name: string): string {
	if (containerRole(pod, name) === undefined) {
		throw new SpokeError('ERR_NOT_FOUND', `container ${name} is not valid for pod ${pod.metadata.name} out of: ${containerNames(pod)}`, {
			leg: 1,
		});
	}

	return name;
}

function firstContainer(pod: PodObject): string {
	const [first] = pod.spec.containers;
	if (!first) {
		throw new SpokeError('ERR_NOT_FOUND', `pod ${pod.metadata.name} does not have any containers`);
	}

	return first.name;
}
