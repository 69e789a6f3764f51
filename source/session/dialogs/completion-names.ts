/** Completes the arguments of palette commands with names of the cluster. */
import {loadKubeconfig} from '../../cluster/kubeconfig/load-kubeconfig.ts';
import {listAll, type TableRow} from '../../cluster/list.ts';
import {isTcp} from '../../cluster/targets/named-port.ts';
import type {PodObject, ServiceObject} from '../../cluster/targets/pod-object.ts';
import {findResource, objectPath} from '../../cluster/targets/resource-names.ts';
import {suggestLocalPort} from '../forwards/port-options.ts';
import {currentNamespace} from '../frame/session-state.ts';
import type {ClusterTarget, OpenCluster, Session} from '../frame/session.ts';
import {listNames} from '../lists/list-kinds.ts';
import type {ListState} from '../lists/list-state.ts';
import {targetOf} from '../lists/selection.ts';
import type {Row} from '../lists/table-rows.ts';
import type {PickOptions} from './dialog.ts';

const maxNames = 500;
const responseTimeoutMs = 10_000;

/** The cluster and namespace whose names are completed. */
type Place = Pick<ClusterTarget, 'cluster' | 'namespace'>;

const namespacesTimeoutMs = 5000;

export type NameSource = (session: Session) => Promise<readonly string[]>;

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

/** Reads the names for a command when its argument is first typed. `onNames` gets what to call when they are there. */
export function argumentCompleter(
	session: Session,
	sourceOf: (word: string) => NameSource | undefined,
): Required<Pick<PickOptions, 'argumentAt' | 'onNames'>> {
	const known = new Map<string, readonly string[]>();
	let again = () => {};
	const read = async (word: string, source: NameSource) => {
		known.set(word, await source(session).catch(() => []));
		again();
	};

	return {
		onNames(to) {
			again = to;
		},
		argumentAt(text) {
			const [, lead = '', word = ''] = /^(\s*(\S+)\s+)/.exec(text) ?? [];
			const source = sourceOf(word);
			if (source === undefined || text[lead.length] === '-') {
				return null;
			}

			if (!known.has(word)) {
				known.set(word, []);
				void read(word, source);
			}

			return {from: lead.length, items: known.get(word)!.map(name => ({id: name.trim(), cells: [name.trim(), '', ''], text: name}))};
		},
	};
}

/** Of all clusters shown. @throws SpokeError when listing is forbidden in each */
export async function namespaceNames({shown}: Session): Promise<readonly string[]> {
	const read = await Promise.allSettled(shown.map(async cluster => namespacesOf(cluster)));
	const names = read.flatMap(result => (result.status === 'fulfilled' ? [result.value] : []));
	const failed = read.find(({status}) => status === 'rejected') as PromiseRejectedResult | undefined;
	if (names.length === 0 && failed) {
		throw failed.reason;
	}

	return names.length === 1 ? names[0]! : [...new Set(names.flat())].sort();
}

async function namespacesOf(cluster: OpenCluster): Promise<readonly string[]> {
	const {items} = await listAll<TableRow>(cluster.access, {
		path: '/api/v1/namespaces',
		as: 'table',
		pageSize: 5000,
		signal: AbortSignal.timeout(namespacesTimeoutMs),
	});
	return items.map(({cells}) => String(cells[0]));
}

/** @throws SpokeError when the kubeconfig cannot be read */
export async function contextNames({flags, env}: Session): Promise<readonly string[]> {
	const {config} = await loadKubeconfig(flags.kubeconfig, env);
	return [...config.contexts.keys()];
}
