/** Port numbers of pods and services by name or number. */
import {SpokeError} from '../../base/errors/spoke-error.ts';
import type {ContainerPort, PodObject, ServiceObject, ServicePort} from './pod-object.ts';
import type {CheckedObject} from '../object-shapes.ts';

export type PodPort = {
	port: number;
	/** The name of the service's `targetPort`, or else the name that was typed; `null` if neither has a name. */
	name: string | null;
	/** The port of the service, which is the default local port as in kubectl; `null` if the target is not a service. */
	servicePort: number | null;
};

export type NodeWithKubelet = Pick<CheckedObject<'nodes'>, 'status'>;

const defaultKubeletPort = 10_250;

/**
A number need not be declared.
@throws SpokeError ERR_NOT_FOUND for an unknown name, ERR_USAGE for a number out of range or a UDP-only port
@see https://github.com/kubernetes/kubernetes/blob/v1.36.3/staging/src/k8s.io/kubectl/pkg/cmd/portforward/portforward.go
*/
export function podPort(pod: PodObject, input: string): PodPort {
	const named = /^\d+$/.test(input) ? undefined : containerPortNamed(pod, input);
	const port = named ?? portNumber(input);
	const declared = (pod.spec.containers ?? []).flatMap(({ports = []}) => ports).filter(({containerPort}) => containerPort === port);
	assertTcp(input, declared);
	return {port, name: named === undefined ? null : input, servicePort: null};
}

/**
Resolves through targetPort, except for a headless service.
@throws SpokeError ERR_NOT_FOUND, ERR_USAGE
@see https://github.com/kubernetes/kubernetes/blob/v1.36.3/staging/src/k8s.io/kubectl/pkg/util/service_port.go
*/
export function servicePort(service: ServiceObject, pod: PodObject, input: string): PodPort {
	const {name: serviceName} = service.metadata;
	const ports = service.spec?.ports ?? [];
	const isNumber = /^\d+$/.test(input);
	const found = isNumber ? ports.filter(({port}) => port === portNumber(input)) : ports.filter(({name}) => name === input);
	const [chosen] = found;
	if (!chosen) {
		throw new SpokeError(
			'ERR_NOT_FOUND',
			isNumber
				? `Service ${serviceName} does not have a service port ${input}`
				: `Service '${serviceName}' does not have a named port '${input}'`,
			{remedy: `the service has ${portList(ports)}`},
		);
	}

	assertTcp(
		input,
		ports.filter(({port}) => port === chosen.port),
	);
	if (service.spec?.clusterIP === 'None' || chosen.targetPort === undefined || chosen.targetPort === 0) {
		return {port: chosen.port, name: isNumber ? null : input, servicePort: chosen.port};
	}

	return typeof chosen.targetPort === 'number'
		? {port: chosen.targetPort, name: isNumber ? null : input, servicePort: chosen.port}
		: {port: containerPortNamed(pod, chosen.targetPort), name: chosen.targetPort, servicePort: chosen.port};
}

/** What the containers declare, if `port` is not among it: the remedy for a port that nothing listens on. */
export function otherPortsRemedy(pod: PodObject, port: number): string | null {
	const declared = pod.spec.containers.flatMap(({ports = []}) => ports).filter(one => isTcp(one));
	return declared.length === 0 || declared.some(({containerPort}) => containerPort === port)
		? null
		: `the pod’s containers declare ${portList(declared.map(({name, containerPort}) => ({...(name !== undefined && {name}), port: containerPort})))}`;
}

export function isTcp({protocol = 'TCP'}: ContainerPort | ServicePort): boolean {
	return protocol === 'TCP';
}

function containerPortNamed(pod: PodObject, name: string): number {
	const declared = [...pod.spec.containers, ...(pod.spec.initContainers ?? [])].flatMap(({ports = []}) => ports);
	const found = declared.find(port => port.name === name);
	if (!found) {
		const names = declared.flatMap(port => (port.name === undefined ? [] : [port.name]));
		throw new SpokeError('ERR_NOT_FOUND', `Pod '${pod.metadata.name}' does not have a named port '${name}'`, {
			remedy: names.length === 0 ? 'the pod names no ports: pass a port number' : `the pod names ${names.join(', ')}`,
		});
	}

	return found.containerPort;
}

function portNumber(text: string): number {
	const port = Number(text);
	if (!Number.isSafeInteger(port) || port < 1 || port > 65_535) {
		throw new SpokeError('ERR_USAGE', `invalid port ${JSON.stringify(text)}: it must be a name or a number from 1 to 65535`);
	}

	return port;
}

function assertTcp(input: string, declared: ReadonlyArray<{protocol?: string}>): void {
	if (declared.length > 0 && declared.every(({protocol}) => protocol === 'UDP')) {
		throw new SpokeError('ERR_USAGE', `UDP protocol is not supported for ${input}`, {remedy: 'choose a TCP port'});
	}
}

export function portList(ports: ReadonlyArray<{name?: string; port: number}>): string {
	return ports.map(({name, port}) => (name === undefined ? String(port) : `${name} (${port})`)).join(', ') || 'no ports';
}

/** The default if none or 0 (pkg/kubelet/client/kubelet_client.go GetConnectionInfo). */
export function kubeletPortOf(node: NodeWithKubelet | null): number {
	return node?.status?.daemonEndpoints?.kubeletEndpoint?.Port || defaultKubeletPort;
}

/** `kubeletPort`: whether the port is the kubelet's; `null` if the node cannot be read, which leaves only the default port. */
export function targetsKubelet({port, kubeletPort}: {port: number | null; kubeletPort: boolean | null}): boolean {
	const isDefaultPort = port === defaultKubeletPort;
	return kubeletPort ?? isDefaultPort;
}
