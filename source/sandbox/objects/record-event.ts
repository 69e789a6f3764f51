/** Event recorder. */
import {apiTime, type KubeObject} from './kube-object.ts';
import type {ObjectStore} from './object-store.ts';

export type EventOptions = {
	type?: 'Normal' | 'Warning';
	reason: string;
	message: string;
	component: string;
	host?: string;
	fieldPath?: string;
};

const maxEvents = 200;

/** Counts equal events, and keeps the newest 200 of each namespace. */
export function recordEvent(
	store: ObjectStore,
	about: KubeObject,
	{type = 'Normal', reason, message, component, host, fieldPath}: EventOptions,
): void {
	const {name, uid, resourceVersion} = about.metadata;
	const namespace = about.metadata.namespace ?? 'default';
	const now = apiTime();
	const events = store.list('events', namespace);
	const same = events.find(event => event['involvedObject'].uid === uid && event['reason'] === reason && event['message'] === message);
	if (same) {
		store.update('events', namespace, same.metadata.name, event => {
			event['count']++;
			event['lastTimestamp'] = now;
		});
		return;
	}

	if (events.length >= maxEvents) {
		const oldest = events.toSorted((a, b) => Number(a.metadata.resourceVersion) - Number(b.metadata.resourceVersion))[0]!;
		store.delete('events', namespace, oldest.metadata.name);
	}

	const source = {component, ...(host !== undefined && {host})};
	store.create('events', {
		metadata: {name: `${name}.${(BigInt(Date.now()) * 1_000_000n + BigInt(store.revision % 1_000_000)).toString(16)}`, namespace},
		involvedObject: {
			kind: about.kind,
			namespace: about.metadata.namespace,
			name,
			uid,
			apiVersion: about.apiVersion,
			resourceVersion,
			...(fieldPath !== undefined && {fieldPath}),
		},
		reason,
		message,
		source,
		firstTimestamp: now,
		lastTimestamp: now,
		count: 1,
		type,
		eventTime: null,
		reportingComponent: component,
		reportingInstance: host ?? '',
	});
}
