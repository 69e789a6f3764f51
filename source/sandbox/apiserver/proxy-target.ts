/** Targets of the `proxy` subresource. */
import type {HostPort} from '../network/address-plan.ts';
import type {ObjectStore} from '../objects/object-store.ts';
import type {ApiserverProcess} from './apiserver-process.ts';
import type {RequestInfo} from './request-info.ts';
import {ApiFailure, badRequest, notFound} from './status.ts';

/** `kubelet` uses the apiserver's client certificate and CA; others are never verified. */
export type ProxyTarget = {to: HostPort; transport: 'http' | 'https' | 'kubelet'};

/** @see apimachinery/pkg/util/net/port_split.go and pkg/registry/core/{node,pod,service} */
export function proxyTarget({resource, namespace, name: id = ''}: RequestInfo, server: ApiserverProcess): ProxyTarget {
	const singular = resource.slice(0, -1);
	const parts = id.split(':');
	const [scheme, name, port] = parts.length === 3 ? (parts as [string, string, string]) : ['', parts[0]!, parts[1] ?? ''];
	if (parts.length > 3 || !['', 'http', 'https'].includes(scheme) || name === '') {
		throw badRequest(`invalid ${singular} request ${JSON.stringify(id)}`);
	}

	const transport = scheme === 'https' ? 'https' : 'http';
	if (resource === 'nodes') {
		const kubelet = server.kubeletOf(name);
		return port === '' || Number(port) === kubelet.port
			? {to: kubelet, transport: 'kubelet'}
			: {to: {address: kubelet.address, port: numeric(port)}, transport};
	}

	return resource === 'pods'
		? podTarget(server.store, String(namespace), name, port, transport)
		: serviceTarget(server.store, String(namespace), name, port, transport);
}

function podTarget(store: ObjectStore, namespace: string, name: string, port: string, transport: 'http' | 'https'): ProxyTarget {
	const pod = store.get('pods', namespace, name);
	if (!pod) {
		throw notFound('pods', '', name);
	}

	const address = pod.status?.podIP;
	if (address === undefined) {
		throw new ApiFailure(503, 'ServiceUnavailable', 'address not allowed');
	}

	if (port !== '' && !/^\d+$/.test(port)) {
		// A real 1.36.3 panics here, without a response.
		throw new ProxyPanic();
	}

	const ports = pod.spec.containers.flatMap(container => container.ports ?? []);
	const first = ports[0]?.containerPort ?? (transport === 'https' ? 443 : 80);
	return {to: {address, port: port === '' ? first : numeric(port)}, transport};
}

function serviceTarget(store: ObjectStore, namespace: string, name: string, port: string, transport: 'http' | 'https'): ProxyTarget {
	const service = store.get('services', namespace, name);
	if (!service) {
		throw notFound('services', '', name);
	}

	const ports = service.spec.ports ?? [];
	const portName = /^\d+$/.test(port) ? (ports.find(({port: number}) => number === Number(port))?.name ?? '') : port;
	const slices = store.list('endpointslices', namespace).filter(({metadata}) => metadata.labels?.['kubernetes.io/service-name'] === name);
	const choices = slices.flatMap(({endpoints = [], ports: open = []}) =>
		open
			.filter(({name: own}) => own === portName)
			.flatMap(({port: number}) =>
				endpoints.filter(({conditions}) => conditions?.ready).flatMap(({addresses}) => ({address: addresses[0]!, port: number!})),
			),
	);
	if (choices.length === 0) {
		throw new ApiFailure(
			503,
			'ServiceUnavailable',
			`no endpoints available for service ${JSON.stringify(port === '' ? name : `${name}:${port}`)}`,
		);
	}

	return {to: choices[Math.floor(Math.random() * choices.length)]!, transport};
}

export class ProxyPanic extends Error {}

function numeric(port: string): number {
	const number = Number(port);
	if (!Number.isSafeInteger(number) || number < 1 || number > 65_535) {
		throw badRequest(`invalid port ${JSON.stringify(port)}`);
	}

	return number;
}
