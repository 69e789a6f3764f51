/** Create, patch and delete. */
import {scheduledPod} from '../controllers/workload-pods.ts';
import {isJsonObject} from '../../wire/json.ts';
import {apiTime, type KubeObject, type NewObject} from '../objects/kube-object.ts';
import type {ObjectStore} from '../objects/object-store.ts';
import type {StoredResource} from '../objects/resource-specs.ts';
import {admit} from './admit-object.ts';
import {readBody, sendJson, type Exchange} from './exchange.ts';
import {ApiFailure, badRequest, notFound} from './status.ts';

export async function createObject(exchange: Exchange, store: ObjectStore, resourceSpec: StoredResource): Promise<void> {
	const body = await readBody(exchange.request);
	if (!body || !isJsonObject(body['metadata'])) {
		throw badRequest('the object provided is unrecognized (must be of type JSON)');
	}

	const metadata: {name?: string; generateName?: string} = body['metadata'];
	const name = metadata.name ?? `${metadata.generateName ?? 'object-'}${Math.random().toString(36).slice(2, 7)}`;
	const namespace = resourceSpec.namespaced ? (exchange.info.namespace ?? 'default') : undefined;
	if (store.get(resourceSpec.name, namespace, name)) {
		throw new ApiFailure(409, 'AlreadyExists', `${resourceSpec.name} "${name}" already exists`, {details: {name, kind: resourceSpec.name}});
	}

	const wanted = admit(resourceSpec, {...body, metadata: {...metadata, name, ...(namespace !== undefined && {namespace})}});
	const stored = resourceSpec.name === 'pods' ? scheduledPod(store, wanted as NewObject<'pods'>) : wanted;
	sendJson(exchange, store.create(resourceSpec.name, stored), {status: 201});
}

/** Applies a JSON merge patch (RFC 7386), or a strategic merge patch, of which it supports only merging lists by name. */
export async function patchObject(exchange: Exchange, store: ObjectStore, resourceSpec: StoredResource): Promise<void> {
	const {namespace, name} = exchange.info;
	const patch = await readBody(exchange.request);
	if (!patch) {
		throw badRequest('error decoding patch: invalid JSON');
	}

	const byName = exchange.request.headers['content-type'] === 'application/strategic-merge-patch+json';
	const stored = store.update(resourceSpec.name, resourceSpec.namespaced ? namespace : undefined, name!, copy => {
		const {uid, resourceVersion, creationTimestamp} = copy.metadata;
		const spec = specText(copy);
		Object.assign(copy, merge(copy, patch, byName));
		Object.assign(copy.metadata, {uid, resourceVersion, creationTimestamp});
		admit(resourceSpec, copy);
		if (specText(copy) !== spec && copy.metadata.generation !== undefined) {
			copy.metadata.generation++;
		}
	});
	if (!stored) {
		throw notFound(resourceSpec.name, resourceSpec.group, name!);
	}

	sendJson(exchange, stored);
}

function specText(object: KubeObject & {spec?: unknown}): string | undefined {
	return JSON.stringify(object.spec);
}

/** A pod is deleted when its containers have stopped. */
export async function deleteObject(exchange: Exchange, store: ObjectStore, resourceSpec: StoredResource): Promise<void> {
	await readBody(exchange.request);
	const {name} = exchange.info;
	const namespace = resourceSpec.namespaced ? exchange.info.namespace : undefined;
	const deleted =
		resourceSpec.name === 'pods'
			? store.update('pods', namespace, name!, pod => {
					pod.metadata.deletionTimestamp ??= apiTime();
					pod.metadata.deletionGracePeriodSeconds ??= 30;
				})
			: store.delete(resourceSpec.name, namespace, name!);
	if (!deleted) {
		throw notFound(resourceSpec.name, resourceSpec.group, name!);
	}

	sendJson(exchange, deleted);
}

function merge(target: unknown, patch: unknown, byName: boolean): unknown {
	if (Array.isArray(patch) && Array.isArray(target) && byName && patch.every(item => nameOf(item) !== undefined)) {
		const result = [...(target as unknown[])];
		for (const item of patch) {
			const index = result.findIndex(one => nameOf(one) === nameOf(item));
			result[index < 0 ? result.length : index] = merge(result[index], item, byName);
		}

		return result;
	}

	if (!isJsonObject(patch)) {
		return patch;
	}

	const result = new Map(isJsonObject(target) ? Object.entries(target) : []);
	for (const [key, value] of Object.entries(patch)) {
		if (value === null) {
			result.delete(key);
		} else if (!key.startsWith('$') && key !== '__proto__') {
			result.set(key, merge(result.get(key), value, byName));
		}
	}

	return Object.fromEntries(result);
}

function nameOf(item: unknown): string | undefined {
	return isJsonObject(item) && typeof item['name'] === 'string' ? item['name'] : undefined;
}
