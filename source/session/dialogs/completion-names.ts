/** Names that complete typed targets. */
import {listAll} from '../../cluster/list.ts';
import {listNames} from '../lists/list-kinds.ts';
import type {ListState} from '../lists/list-state.ts';
import type {Row} from '../lists/table-rows.ts';
import {currentNamespace} from '../frame/session-state.ts';
import {isTcp} from '../../targets/named-port.ts';
import type {PodObject, ServiceObject} from '../../targets/pod-object.ts';
import {findResource, objectPath} from '../../targets/resource-names.ts';
import type {ClusterTarget, Session} from '../frame/session.ts';
import {suggestLocalPort} from '../forwards/free-port.ts';
import {targetOf} from '../lists/selection.ts';

const maxNames = 500;
const responseTimeoutMs = 10_000;

/** The cluster and namespace whose names are completed. */
type Place = Pick<ClusterTarget, 'cluster' | 'namespace'>;

export async function proxyNames(session: Session, place: Place): Promise<readonly string[]> {
	const {nodes} = session.store.state.lists;
	const services = await readServices(place);
	return [
		...services.flatMap(({metadata: {name}, spec}) =>
			(spec?.ports ?? [])
				.filter(isTcp)
				.map(({name: portName = '', port}) => `svc/${isTls(portName, port) ? 'https:' : ''}${name}:${port}/`),
		),
		...podNames(session).map(name => `pod/${name}:`),
		...present(nodes).map(({name}) => `node/${name}/`),
	];
}

export async function forwardNames(session: Session, place: Place): Promise<readonly string[]> {
	const services = await readServices(place);
	return [
		...services.flatMap(({metadata: {name}, spec}) =>
			(spec?.ports ?? []).filter(isTcp).map(({port}) => `svc/${name} ${suggestLocalPort(port)}:${port}`),
		),
		...podNames(session).map(name => `pod/${name} `),
		...present(session.store.state.lists.workloads).map(({name}) => `${name} `),
	];
}

export async function targetNames({store}: Session): Promise<readonly string[]> {
	const {workloads, pods} = store.state.lists;
	return [...present(workloads).map(({name}) => name), ...present(pods).map(({name}) => `pod/${name}`)].slice(0, maxNames);
}

export async function objectNames({store}: Session): Promise<readonly string[]> {
	const {cluster, lists} = store.state;
	const names = listNames.filter(list => list !== 'events').flatMap(list => present(lists[list]).map(row => targetOf(list, row)));
	return [...names, `ns/${currentNamespace(cluster)}`];
}

export async function podPortNames({cluster, namespace}: Place, name: string): Promise<readonly string[]> {
	try {
		const pod = await cluster.access.json<PodObject>({
			path: objectPath(findResource('pod')!, namespace, name),
			timeoutMs: responseTimeoutMs,
		});
		return pod.spec.containers.flatMap(({ports = []}) =>
			ports
				.filter(isTcp)
				.map(({name: portName = '', containerPort}) => `pod/${isTls(portName, containerPort) ? 'https:' : ''}${name}:${containerPort}/`),
		);
	} catch {
		return [];
	}
}

async function readServices({cluster, namespace}: Place): Promise<readonly ServiceObject[]> {
	try {
		const {items} = await listAll<ServiceObject>(cluster.access, {
			path: `/api/v1/namespaces/${encodeURIComponent(namespace)}/services`,
			pageSize: maxNames,
			signal: AbortSignal.timeout(responseTimeoutMs),
		});
		return items.slice(0, maxNames);
	} catch {
		return [];
	}
}

function podNames({store}: Session): string[] {
	return present(store.state.lists.pods).map(({name}) => name);
}

/** Rows of several clusters can have equal names. */
function present({visible}: ListState): readonly Row[] {
	return [...new Map(visible.slice(0, maxNames).map(row => [row.name, row])).values()].filter(({unread}) => unread === undefined);
}

/** A guess. The user can remove `https:`. */
function isTls(name: string, port: number): boolean {
	return /https|tls/.test(name) || port === 443 || port === 8443;
}
