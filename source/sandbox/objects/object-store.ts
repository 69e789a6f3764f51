/** Object store with a bounded history, and selectors. */
import {randomUUID} from 'node:crypto';
import {
	apiTime,
	type NewObject,
	type ResourceName,
	type StoredObjects,
	apiVersionOf,
	storedResources,
	type StoredResource,
	type KubeObject,
} from './kube-object.ts';
import type {JsonObject} from '../../wire/json.ts';

type ChangeOf<Resource extends ResourceName> = {
	type: 'ADDED' | 'MODIFIED' | 'DELETED';
	resource: Resource;
	object: StoredObjects[Resource];
	previous: StoredObjects[Resource] | null;
	revision: number;
};

export type Change = {[Resource in ResourceName]: ChangeOf<Resource>}[ResourceName];

type Tables = {readonly [Resource in ResourceName]: Map<string, StoredObjects[Resource]>};

const maxHistory = 1000;

export type Match = (object: KubeObject) => boolean;

/** Returned objects are never changed. */
export class ObjectStore {
	readonly #specs = new Map(storedResources.map(spec => [spec.name, spec]));
	readonly #byResource = Object.fromEntries(storedResources.map(spec => [spec.name, new Map()])) as Tables;
	readonly #listeners = new Set<(change: Change) => void>();
	readonly #pendingChanges: Change[] = [];
	#isNotifying = false;
	#history: Change[] = [];
	#compactedTo = 0;
	#revision = 1000;

	get revision(): number {
		return this.#revision;
	}

	specOf(resource: ResourceName): StoredResource {
		return this.#specs.get(resource)!;
	}

	get<R extends ResourceName>(resource: R, namespace: string | undefined, name: string): StoredObjects[R] | undefined {
		return this.#byResource[resource].get(keyOf(namespace, name));
	}

	/** Sorted by namespace and name, as in etcd. */
	list<R extends ResourceName>(resource: R, namespace?: string): Array<StoredObjects[R]> {
		const all = [...this.#byResource[resource]].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
		return all.map(([, object]) => object).filter(object => namespace === undefined || object.metadata.namespace === namespace);
	}

	create<R extends ResourceName>(resource: R, wanted: NewObject<R>): StoredObjects[R] {
		const resourceSpec = this.specOf(resource);
		const object = {
			apiVersion: apiVersionOf(resourceSpec),
			kind: resourceSpec.kind,
			...structuredClone(wanted),
			metadata: {
				...structuredClone(wanted.metadata),
				uid: randomUUID(),
				creationTimestamp: wanted.metadata.creationTimestamp ?? apiTime(),
				resourceVersion: '',
			},
		} as unknown as StoredObjects[R];
		return this.#store('ADDED', resource, object, null);
	}

	/** `undefined` if the object does not exist. */
	update<R extends ResourceName>(
		resource: R,
		namespace: string | undefined,
		name: string,
		edit: (copy: StoredObjects[R]) => void,
	): StoredObjects[R] | undefined {
		const previous = this.get(resource, namespace, name);
		if (!previous) {
			return undefined;
		}

		const copy = structuredClone(previous);
		edit(copy);
		if (JSON.stringify(copy) === JSON.stringify(previous)) {
			return previous;
		}

		return this.#store('MODIFIED', resource, copy, previous);
	}

	delete<R extends ResourceName>(resource: R, namespace: string | undefined, name: string): StoredObjects[R] | undefined {
		const previous = this.get(resource, namespace, name);
		if (!previous) {
			return undefined;
		}

		return this.#store('DELETED', resource, structuredClone(previous), previous);
	}

	onChange(listener: (change: Change) => void): () => void {
		this.#listeners.add(listener);
		return () => void this.#listeners.delete(listener);
	}

	/** `undefined` if the history is too short (HTTP 410). */
	changesSince(revision: number): Change[] | undefined {
		return revision < this.#compactedTo ? undefined : this.#history.filter(change => change.revision > revision);
	}

	/** Drops the history, as etcd does. */
	compact(): void {
		this.#history = [];
		this.#compactedTo = this.#revision;
	}

	#store<R extends ResourceName>(
		type: Change['type'],
		resource: R,
		object: StoredObjects[R],
		previous: StoredObjects[R] | null,
	): StoredObjects[R] {
		this.#revision++;
		object.metadata.resourceVersion = String(this.#revision);
		const objects = this.#byResource[resource];
		const key = keyOf(object.metadata.namespace, object.metadata.name);
		if (type === 'DELETED') {
			objects.delete(key);
		} else {
			objects.set(key, object);
		}

		const change = {type, resource, object, previous, revision: this.#revision} as Change;
		this.#history.push(change);
		if (this.#history.length > maxHistory) {
			this.#compactedTo = this.#history[this.#history.length - maxHistory - 1]!.revision;
			this.#history = this.#history.slice(-maxHistory);
		}

		this.#pendingChanges.push(change);
		this.#notify();
		return object;
	}

	/** Changes by a listener are delivered after the current change reached all listeners. */
	#notify(): void {
		if (this.#isNotifying) {
			return;
		}

		this.#isNotifying = true;
		for (let change = this.#pendingChanges.shift(); change; change = this.#pendingChanges.shift()) {
			for (const listener of this.#listeners) {
				listener(change);
			}
		}

		this.#isNotifying = false;
	}
}

function keyOf(namespace: string | undefined, name: string): string {
	return `${namespace ?? ''}/${name}`;
}

/** `app=web,tier!=db,env in (a, b),!old`. @see https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#api */
export function parseLabelSelector(text: string): Match | undefined {
	const terms: Match[] = [];
	for (const part of splitTerms(text)) {
		const term = labelTerm(part.trim());
		if (!term) {
			return undefined;
		}

		terms.push(term);
	}

	return object => terms.every(term => term(object));
}

export function parseFieldSelector(text: string): Match | undefined {
	const terms = text
		.split(',')
		.filter(Boolean)
		.map(part => /^([\w.]+)(==|!=|=)(.*)$/.exec(part.trim()));
	return terms.includes(null)
		? undefined
		: object =>
				terms.every(term => {
					const equal = fieldOf(object, term![1]!) === term![3]!;
					return term![2] === '!=' ? !equal : equal;
				});
}

export function hasLabels(object: {metadata: {labels?: Record<string, string>}}, wanted: Record<string, string>): boolean {
	return Object.entries(wanted).every(([key, value]) => object.metadata.labels?.[key] === value);
}

function splitTerms(text: string): string[] {
	return text.split(/,(?![^(]*\))/).filter(part => part.trim() !== '');
}

function labelTerm(part: string): Match | undefined {
	const name = '[\\w./-]+';
	const set = new RegExp(`^(${name})\\s+(in|notin)\\s+\\(([^)]*)\\)$`).exec(part);
	if (set) {
		const values = set[3]!.split(',').map(value => value.trim());
		return ({metadata: {labels}}) => {
			const value = labels?.[set[1]!];
			return set[2] === 'in' ? value !== undefined && values.includes(value) : value === undefined || !values.includes(value);
		};
	}

	const equality = new RegExp(`^(${name})\\s*(==|!=|=)\\s*([\\w.-]*)$`).exec(part);
	if (equality) {
		return ({metadata: {labels}}) => (labels?.[equality[1]!] === equality[3]) === (equality[2] !== '!=');
	}

	const presence = new RegExp(`^(!?)\\s*(${name})$`).exec(part);
	return presence ? ({metadata: {labels}}) => (labels !== undefined && (presence[2] ?? '') in labels) === (presence[1] === '') : undefined;
}

function fieldOf(object: KubeObject, path: string): string {
	let value: unknown = object;
	for (const key of path.split('.')) {
		value = (value as JsonObject | undefined)?.[key];
	}

	return ['string', 'number', 'boolean'].includes(typeof value) ? (value as string) : '';
}
