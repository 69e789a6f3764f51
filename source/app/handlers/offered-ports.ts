/** Which ports a forward's form offers, and how many pods stand ready behind each. */
import type {ClusterAccess} from '../../cluster/cluster-access.ts';
import {isTcp} from '../../targets/named-port.ts';
import {parseTarget} from '../../targets/parse-target.ts';
import type {PodObject, ServicePort} from '../../targets/pod-object.ts';
import {isReady} from '../../targets/pod-order.ts';
import {podsBehind, type PodScope} from '../../targets/pods-behind.ts';
import {listPods} from '../../targets/resolve-pod.ts';
import {localPortFor} from './free-port.ts';

export type OfferedPort = {
	value: string;
	/** `http 80 → 8080`. */
	shown: string;
	/** `3 of 4 pods Ready`; empty where only one pod can be meant. */
	ready: string;
	/** @see localPortFor */
	suggested: number;
};

export type OfferedPorts = {
	ports: readonly OfferedPort[];
	/** Whether the target has a next pod when this one goes. */
	mayMove: boolean;
	/** Numbers and names that can be asked for; `null`: any number, declared or not. */
	only: readonly string[] | null;
};

/** The form must not wait for what is only a figure in it. */
const readyMs = 3000;

/** @throws SpokeError when the target cannot be read, or its pods where their ports are what is offered */
export async function offeredPorts(access: ClusterAccess, target: string, namespace: string): Promise<OfferedPorts> {
	const behind = await podsBehind(access, parseTarget(target), namespace);
	if (behind.kind === 'pod') {
		return {ports: declaredPorts([behind.pod]).map(port => ({...port, ready: isReady(behind.pod) ? '' : 'the pod is not Ready'})), mayMove: false, only: null};
	}

	if (behind.service) {
		const pods = await podsIfTold(access, behind.scope);
		const ports = (behind.service.spec?.ports ?? []).filter(port => isTcp(port));
		return {mayMove: true, only: ports.flatMap(({name, port}) => [String(port), ...name === undefined ? [] : [name]]), ports: ports.map(({name, port, targetPort}) => ({value: String(port), shown: `${name ?? ''} ${port} → ${targetPort ?? port}`.trim(), ready: readyWords(pods, behind.service?.spec?.clusterIP === 'None' ? undefined : targetPort), suggested: localPortFor(port)}))};
	}

	const pods = await listPods(access, behind.scope);
	return {mayMove: true, only: null, ports: declaredPorts(pods).map(port => ({...port, ready: readyWords(pods)}))};
}

/** Of the first pod: those of one template declare the same. */
function declaredPorts([pod]: readonly PodObject[]): Array<Omit<OfferedPort, 'ready'>> {
	const ports = pod?.spec.containers.flatMap(container => (container.ports ?? []).map(port => ({...port, container: container.name}))) ?? [];
	return ports.filter(port => isTcp(port)).map(({name, containerPort, container}) => ({value: String(containerPort), shown: `${name ?? ''} ${containerPort}  ${container}`.trim(), suggested: localPortFor(containerPort)}));
}

/** `null` where they may not be listed, or that takes long. */
async function podsIfTold(access: ClusterAccess, scope: PodScope): Promise<readonly PodObject[] | null> {
	return listPods(access, scope, AbortSignal.timeout(readyMs)).catch(() => null);
}

/** A target port that is a name is there only where a container names it. */
function readyWords(pods: readonly PodObject[] | null, targetPort?: ServicePort['targetPort']): string {
	if (pods === null) {
		return '? pods Ready';
	}

	const naming = typeof targetPort === 'string' ? pods.filter(({spec}) => spec.containers.some(({ports = []}) => ports.some(({name}) => name === targetPort))) : pods;
	return naming.length === 0 && pods.length > 0 ? `no pod names ${targetPort}` : `${naming.filter(pod => isReady(pod)).length} of ${pods.length} pods Ready`;
}
