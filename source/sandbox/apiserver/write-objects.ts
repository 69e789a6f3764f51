/** Create, replace, patch, scale and delete. */
import {scheduledPod} from '../controllers/workload-pods.ts';
import {apiTime, type Json, type KubeObject} from '../objects/kube-object.ts';
import type {ObjectStore} from '../objects/object-store.ts';
import {apiVersionOf, type ResourceSpec} from '../objects/resource-specs.ts';
import {admit} from './admit-object.ts';
import {readBody, sendJson, type Exchange} from './exchange.ts';
import {selection} from './read-objects.ts';
import {ApiFailure, badRequest, notFound} from './status.ts';

export async function createObject(exchange: Exchange, store: ObjectStore, resourceSpec: ResourceSpec): Promise<void> {
	if (exchange.request.headers['content-type']?.includes('protobuf')) {
		throw new ApiFailure(
			415,
			'UnsupportedMediaType',
			'the body of the request was in an unknown format - accepted media types include: application/json',
		);
	}

	const body = await readBody(exchange.request);
	const metadata = body?.['metadata'] as {name?: string; generateName?: string} | undefined;
	if (!body || !metadata) {
		throw badRequest('the object provided is unrecognized (must be of type JSON)');
	}

	const name = metadata.name ?? `${metadata.generateName ?? 'object-'}${Math.random().toString(36).slice(2, 7)}`;
	const namespace = resourceSpec.namespaced ? (exchange.info.namespace ?? 'default') : undefined;
	if (store.get(resourceSpec.name, namespace, name)) {
		throw new ApiFailure(409, 'AlreadyExists', `${resourceSpec.name} "${name}" already exists`, {details: {name, kind: resourceSpec.name}});
	}

	const wanted = admit(resourceSpec, {...body, metadata: {...metadata, name, ...(namespace !== undefined && {namespace})}});
	sendJson(exchange, store.create(resourceSpec.name, resourceSpec.name === 'pods' ? scheduledPod(store, wanted) : wanted), {status: 201});
}

/** JSON merge patch (RFC 7386); of strategic merge, only lists by name. */
export async function patchObject(exchange: Exchange, store: ObjectStore, resourceSpec: ResourceSpec): Promise<void> {
	const {namespace, name} = exchange.info;
	const patch = await readBody(exchange.request);
	if (!patch) {
		throw badRequest('error decoding patch: invalid JSON');
	}

	const byName = exchange.request.headers['content-type'] === 'application/strategic-merge-patch+json';
	const stored = store.update(resourceSpec.name, resourceSpec.namespaced ? namespace : undefined, name!, copy => {
		const {uid, resourceVersion, creationTimestamp} = copy.metadata;
		const spec = JSON.stringify(copy['spec']);
		Object.assign(copy, merge(copy, patch, byName) as Json);
		Object.assign(copy.metadata, {uid, resourceVersion, creationTimestamp});
		admit(resourceSpec, copy);
		if (JSON.stringify(copy['spec']) !== spec && copy.metadata.generation !== undefined) {
			copy.metadata.generation++;
		}
	});
	if (!stored) {
		throw notFound(resourceSpec.name, resourceSpec.group, name!);
	}

	sendJson(exchange, stored);
}

export async function replaceObject(exchange: Exchange, store: ObjectStore, resourceSpec: ResourceSpec): Promise<void> {
	const body = await readBody(exchange.request);
	const {namespace, name} = exchange.info;
	const stored =
		body &&
		store.update(resourceSpec.name, resourceSpec.namespaced ? namespace : undefined, name!, copy => {
			const {metadata} = copy;
			Object.assign(copy, body, {
				metadata: {
					...(body['metadata'] as Json),
					uid: metadata.uid,
					creationTimestamp: metadata.creationTimestamp,
					resourceVersion: metadata.resourceVersion,
				},
			});
			admit(resourceSpec, copy);
		});
	if (!stored) {
		throw notFound(resourceSpec.name, resourceSpec.group, name!);
	}

	sendJson(exchange, stored);
}

export async function scaleObject(exchange: Exchange, store: ObjectStore, resourceSpec: ResourceSpec): Promise<void> {
	const {namespace, name, verb} = exchange.info;
	const body = verb === 'get' ? undefined : await readBody(exchange.request);
	const object = store.update(resourceSpec.name, namespace, name!, copy => {
		const replicas = body?.['spec']?.replicas as number | undefined;
		if (replicas !== undefined) {
			copy['spec'].replicas = replicas;
			admit(resourceSpec, copy);
		}
	});
	if (!object) {
		throw notFound(resourceSpec.name, resourceSpec.group, name!);
	}

	const {uid, resourceVersion, creationTimestamp} = object.metadata;
	sendJson(exchange, {
		kind: 'Scale',
		apiVersion: 'autoscaling/v1',
		metadata: {name, namespace, uid, resourceVersion, creationTimestamp},
		spec: {replicas: object['spec'].replicas},
		status: {replicas: object['status']?.replicas ?? 0},
	});
}

/** Pods are deleted when their containers have stopped. */
export async function deleteObjects(exchange: Exchange, store: ObjectStore, resourceSpec: ResourceSpec): Promise<void> {
	await readBody(exchange.request);
	const {namespace, name} = exchange.info;
	const matches = selection(exchange);
	const chosen = store.list(resourceSpec.name, resourceSpec.namespaced ? namespace : undefined).filter(object => matches(object));
	if (name !== undefined && chosen.length === 0) {
		throw notFound(resourceSpec.name, resourceSpec.group, name);
	}

	const deleted = chosen.map(object => deleteObject(store, resourceSpec, object));
	sendJson(
		exchange,
		name === undefined
			? {
					kind: `${resourceSpec.kind}List`,
					apiVersion: apiVersionOf(resourceSpec),
					metadata: {resourceVersion: String(store.revision)},
					items: deleted,
				}
			: deleted[0]!,
	);
}

function deleteObject(store: ObjectStore, resourceSpec: Pick<ResourceSpec, 'name'>, {metadata: {namespace, name}}: KubeObject): KubeObject {
	return resourceSpec.name === 'pods'
		? store.update('pods', namespace, name, pod => {
				pod.metadata.deletionTimestamp ??= apiTime();
				(pod.metadata as Json)['deletionGracePeriodSeconds'] ??= 30;
			})!
		: store.delete(resourceSpec.name, namespace, name)!;
}

function merge(target: unknown, patch: unknown, byName: boolean): unknown {
	if (Array.isArray(patch) && Array.isArray(target) && byName && patch.every(item => typeof (item as Json)?.['name'] === 'string')) {
		const result = [...target] as Json[];
		for (const item of patch as Json[]) {
			const index = result.findIndex(({name}) => name === item['name']);
			result[index < 0 ? result.length : index] = merge(result[index], item, byName) as Json;
		}

		return result;
	}

	if (typeof patch !== 'object' || patch === null || Array.isArray(patch)) {
		return patch;
	}

	const result: Json = typeof target === 'object' && target !== null && !Array.isArray(target) ? {...target} : {};
	for (const [key, value] of Object.entries(patch)) {
		if (value === null) {
			delete result[key];
		} else if (!key.startsWith('$') && key !== '__proto__') {
			result[key] = merge(result[key], value, byName);
		}
	}

	return result;
}
