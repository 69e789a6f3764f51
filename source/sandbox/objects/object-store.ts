/** Object store with a bounded history, and selectors. */
import {randomUUID} from 'node:crypto';
import {
	apiTime,
	type NewObject,
	type ResourceName,
	type StoredObjects,
	apiVersionOf,
	storedResources,
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

	get<R extends ResourceName>(resource: R, namespace: string | undefined, name: string): StoredObjects[R] | undefined {
		return this.#byResource[resource].get(keyOf(namespace, name));
	}

	/** Sorted by namespace and name, as in etcd. */
	list<R extends ResourceName>(resource: R, namespace?: string): Array<StoredObjects[R]> {
		const all = [...this.#byResource[resource]].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
		return all.map(([, object]) => object).filter(object => namespace === undefined || object.metadata.namespace === namespace);
	}

	create<R extends ResourceName>(resource: R, wanted: NewObject<R>): StoredObjects[R] {
		const resourceSpec = this.#specs.get(resource)!;
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
		return JSON.stringify(copy) === JSON.stringify(previous) ? previous : this.#store('MODIFIED', resource, copy, previous);
	}

	delete<R extends ResourceName>(resource: R, namespace: string | undefined, name: string): StoredObjects[R] | undefined {
		const previous = this.get(resource, namespace, name);
		return previous && this.#store('DELETED', resource, structuredClone(previous), previous);
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
	const terms = text
		.split(/,(?![^(]*\))/)
		.filter(part => part.trim() !== '')
		.map(part => /^(!?)\s*([\w./-]+)(?:\s*(==|=|!=|\bin\b|\bnotin\b)\s*\(?([\w.,\s-]*)\)?)?$/.exec(part.trim()));
	return terms.includes(null)
		? undefined
		: ({metadata: {labels = {}}}) =>
				terms.every(term => {
					const [, negation, key = '', operator = '', list = ''] = term!;
					const values = list.split(',').map(value => value.trim());
					const isMet = operator === '' ? key in labels : values.includes(labels[key]!);
					return isMet !== (negation === '!' || operator.startsWith('!') || operator === 'notin');
				});
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

function fieldOf(object: KubeObject, path: string): string {
	const value = path.split('.').reduce<unknown>((parent, key) => (parent as JsonObject | undefined)?.[key], object);
	return ['string', 'number', 'boolean'].includes(typeof value) ? (value as string) : '';
}
