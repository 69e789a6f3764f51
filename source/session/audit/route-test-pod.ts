/** The pod of the route test. */
import {toSpokeError} from '../../errors/spoke-error.ts';
import {listPath, objectPath, podResource} from '../../targets/resource-names.ts';
import type {PodObject} from '../../targets/pod-object.ts';
import {shownTail} from '../frame/session-state.ts';
import type {OpenCluster, Session} from '../frame/session.ts';
import {selectedRow} from '../lists/list-state.ts';
import {clusterOfSource} from '../tail/open-tail.ts';
import {defaultSource} from '../tail/tail-sources.ts';

type RouteTestPod = {pod: string; namespace: string; cluster: OpenCluster};

const maxReads = 10;

/**
The pod of the tail or the selected one, or else another that runs in the shown namespace. `null` if there is none.
@throws SpokeError if the pods cannot be listed
*/
export async function podForRouteTest(session: Session): Promise<RouteTestPod | null> {
	for (const candidate of candidates(session).slice(0, maxReads)) {
		if (await canRunTest(candidate)) {
			return candidate;
		}
	}

	return findRunningPod(session);
}

/** The list of pods can be filtered, or out of date, because it is not updated while the audit is shown. */
async function findRunningPod({cluster, store}: Session): Promise<RouteTestPod | null> {
	const pods = listPath(podResource, store.state.cluster.namespace);
	const {items} = await cluster.access.json<{items: readonly PodObject[]}>({
		path: `${pods}?fieldSelector=status.phase%3DRunning&limit=${maxReads}`,
	});
	const pod = items.find(({metadata}) => metadata.deletionTimestamp === undefined);
	return pod ? {pod: pod.metadata.name, namespace: pod.metadata.namespace ?? '', cluster} : null;
}

function candidates(session: Session): RouteTestPod[] {
	const {cluster, store} = session;
	const tail = shownTail(store.state);
	const source = defaultSource(tail?.sources ?? []);
	const {pods} = store.state.lists;
	const rows = pods.visible.filter(({unread, context = cluster.context}) => unread === undefined && context === cluster.context);
	const selected = rows.filter(({id}) => id === selectedRow(pods)?.id);
	return [
		...(tail && source ? [{...source, cluster: clusterOfSource(session, tail.id, source)}] : []),
		...new Set([...selected, ...rows]).values().map(({name, namespace}) => ({pod: name, namespace, cluster})),
	];
}

/** False only for a pod that is known to be gone or not running; a failed read shows neither. */
async function canRunTest({pod, namespace, cluster: {access}}: RouteTestPod): Promise<boolean> {
	try {
		const {status, metadata} = await access.json<PodObject>({path: objectPath(podResource, namespace, pod)});
		return status?.phase === 'Running' && metadata.deletionTimestamp === undefined;
	} catch (thrown) {
		return toSpokeError(thrown).code !== 'ERR_NOT_FOUND';
	}
}
