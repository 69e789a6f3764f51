/** Ports offered by the forward form, and free local ports. */
import {createServer} from 'node:net';
import type {ClusterClient} from '../../cluster/cluster-client.ts';
import {isTcp} from '../../cluster/targets/named-port.ts';
import {parseTarget} from '../../cluster/targets/parse-target.ts';
import type {PodObject, ServiceObject, ServicePort} from '../../cluster/targets/pod-object.ts';
import {isReady, listPods} from '../../cluster/targets/resolve-pod.ts';
import {resolveTargetPods} from '../../cluster/targets/target-pods.ts';

export type PortOption = {
	value: string;
	shown: string;
	ready: string;
	/** @see suggestLocalPort */
	suggested: number;
};

type PortOptions = {
	ports: readonly PortOption[];
	canMove: boolean;
	/** Valid numbers and names; `null` allows any port. */
	allowedPorts: readonly string[] | null;
};

const readyMs = 3000;

/** @throws SpokeError when the target, or the pods that declare its ports, cannot be read */
export async function readPortOptions(access: ClusterClient, target: string, namespace: string): Promise<PortOptions> {
	const behind = await resolveTargetPods(access, parseTarget(target), namespace);
	if (behind.kind === 'pod') {
		return ofPod(behind.pod);
	}

	return behind.service
		? ofService(behind.service, await listPods(access, behind.scope, AbortSignal.timeout(readyMs)).catch(() => null))
		: ofTemplate(await listPods(access, behind.scope));
}

function ofPod(pod: PodObject): PortOptions {
	const ready = isReady(pod) ? '' : 'the pod is not Ready';
	return {canMove: false, allowedPorts: null, ports: declaredPorts([pod]).map(port => ({...port, ready}))};
}

/** A headless service resolves to its pods, so its target port does not apply. */
function ofService({spec}: ServiceObject, pods: readonly PodObject[] | null): PortOptions {
	const ports = (spec?.ports ?? []).filter(port => isTcp(port));
	const isHeadless = spec?.clusterIP === 'None';
	return {
		canMove: true,
		allowedPorts: ports.flatMap(({name, port}) => [String(port), ...(name === undefined ? [] : [name])]),
		ports: ports.map(({name, port, targetPort}) => ({
			value: String(port),
			shown: `${name ?? ''} ${port} → ${targetPort ?? port}`.trim(),
			ready: readyText(pods, isHeadless ? undefined : targetPort),
			suggested: suggestLocalPort(port),
		})),
	};
}

function ofTemplate(pods: readonly PodObject[]): PortOptions {
	const ready = readyText(pods);
	return {
		canMove: true,
		allowedPorts: null,
		ports: declaredPorts(pods).map(port => ({...port, ready})),
	};
}

function declaredPorts([pod]: readonly PodObject[]): Array<Omit<PortOption, 'ready'>> {
	const ports =
		pod?.spec.containers.flatMap(container => (container.ports ?? []).map(port => ({...port, container: container.name}))) ?? [];
	return ports
		.filter(port => isTcp(port))
		.map(({name, containerPort, container}) => ({
			value: String(containerPort),
			shown: `${name ?? ''} ${containerPort}  ${container}`.trim(),
			suggested: suggestLocalPort(containerPort),
		}));
}

/** A named target port exists only on pods that declare it. */
function readyText(pods: readonly PodObject[] | null, targetPort?: ServicePort['targetPort']): string {
	if (pods === null) {
		return '? pods Ready';
	}

	const hasPort = ({spec}: PodObject) => spec.containers.some(({ports = []}) => ports.some(({name}) => name === targetPort));
	const naming = typeof targetPort === 'string' ? pods.filter(hasPort) : pods;
	if (naming.length === 0 && pods.length > 0) {
		return `no pod has a port named ${targetPort}`;
	}

	return `${naming.filter(pod => isReady(pod)).length} of ${pods.length} pods Ready`;
}

/** Returns an unprivileged port that resembles the remote one. */
export function suggestLocalPort(port: number): number {
	return port < 1024 ? 8000 + port : port;
}

/** Returns `wanted` or the next free port above it on 127.0.0.1, or 0. */
export async function freePort(wanted: number): Promise<number> {
	if (await isFree(wanted, '127.0.0.1')) {
		return wanted;
	}

	return wanted < 65_000 ? freePort(wanted + 1) : 0;
}

export async function isFree(port: number, address: string): Promise<boolean> {
	const server = createServer();
	return new Promise(resolve => {
		server.once('error', () => {
			resolve(false);
		});
		server.listen(port, address, () => {
			server.close(() => {
				resolve(true);
			});
		});
	});
}
