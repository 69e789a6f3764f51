/** Reachability, version and permissions of the clusters that are shown, and keys of one that does not respond. */
import {actionSpecs, type ActionId, type ActionSpec} from '../actions/action-table.ts';
import type {Context} from '../actions/contexts.ts';
import {backoffMs, type Backoff, clockDelay, systemClock} from '../../base/async/clock.ts';
import {Semaphore} from '../../base/async/queues.ts';
import type {ClusterClient} from '../../cluster/cluster-client.ts';
import {reviewAccess} from '../../cluster/self-review.ts';
import {toSpokeError} from '../../base/errors/spoke-error.ts';
import type {PathFeed} from '../frame/path-feed.ts';
import {currentList, currentNamespace, shownClusters, type ClusterState} from '../frame/session-state.ts';
import type {Handlers, OpenCluster} from '../frame/session.ts';
import type {Store} from '../frame/store.ts';
import {formatCopiedLines} from '../kit/text-rows.ts';
import {selectedRow} from '../lists/list-state.ts';
import {unreachableTextLines} from '../lists/list-pane.tsx';
import {clusterState, isLoginFailure, loginRetryMs, waitForCluster} from './open-clusters.ts';

type ReachabilityContext = {
	store: Store;
	paths: Pick<PathFeed, 'follow'>;
	/** Those that are shown. */
	clusters(): readonly OpenCluster[];
	/** Reads the kubeconfig again. @throws SpokeError */
	open(context: string): Promise<OpenCluster>;
	/** A cluster responds that did not at first. */
	onRecovered(): void;
	/** An unopened context has opened, or its error has changed. */
	onContextChanged(context: string): void;
};

const reopenBackoff: Backoff = {initialMs: 1000, maxMs: 15_000};

/** `context`: the only context of the action that needs it. */
type Need = {verb: string; resource: string; subresource: string; action: ActionId; context?: Context};

/** A late answer only delays the disabled state. */
const responseTimeoutMs = 20_000;
/** Each review at the same time needs a connection with a handshake of its own. */
const maxReviews = 2;

const needs: readonly Need[] = [
	{verb: 'get', resource: 'pods', subresource: 'log', action: 'logs'},
	{verb: 'create', resource: 'pods', subresource: 'exec', action: 'shell'},
	{verb: 'create', resource: 'pods', subresource: 'attach', action: 'attach'},
	{verb: 'create', resource: 'pods', subresource: 'portforward', action: 'forward'},
	{verb: 'get', resource: 'pods', subresource: 'proxy', action: 'proxy', context: 'pods'},
	{verb: 'get', resource: 'services', subresource: 'proxy', action: 'proxy', context: 'services'},
	{verb: 'get', resource: 'nodes', subresource: 'proxy', action: 'proxy', context: 'nodes'},
	{verb: 'patch', resource: 'pods', subresource: 'ephemeralcontainers', action: 'debug'},
];

export class ReachabilityCheck {
	readonly #context: ReachabilityContext;
	/** Of the delays of each context. */
	readonly #wakes = new Map<string, AbortController>();
	#run = new AbortController();

	constructor(context: ReachabilityContext) {
		this.#context = context;
	}

	/** Without a context, all. */
	tryNow(context?: string): void {
		for (const [waiting, wake] of this.#wakes) {
			if (context === undefined || waiting === context) {
				this.#wakes.delete(waiting);
				wake.abort();
			}
		}
	}

	/** Runs until each apiserver responds or until the next call. */
	async run(): Promise<void> {
		this.#run.abort();
		this.#run = new AbortController();
		const {signal} = this.#run;
		this.tryNow();
		const {store, clusters} = this.#context;
		const open = clusters();
		const unopened = shownClusters(store.state).filter(({context}) => !open.some(one => one.context === context));
		await Promise.all([
			...open.map(async cluster => this.#waitForResponse(cluster, signal)),
			...unopened.map(async state => this.#reopen(state, signal)),
		]);
	}

	/** Until it is open. It logs in with its first request. */
	async #reopen({context, namespace, error: first}: ClusterState, signal: AbortSignal): Promise<void> {
		const {store, open, onContextChanged} = this.#context;
		for (let [attempt, code] = [1, first?.code]; !signal.aborted; attempt++) {
			await this.#pause(context, isLoginFailure(code) ? loginRetryMs : backoffMs(attempt, reopenBackoff));
			const before = shownClusters(store.state).find(one => one.context === context);
			if (signal.aborted || before === undefined) {
				return;
			}

			try {
				const cluster = await open(context);
				if (!signal.aborted) {
					// The user may have chosen another namespace for all clusters meanwhile.
					const chosen = before.namespace === namespace && namespace !== null ? undefined : before.namespace;
					store.dispatch({type: 'cluster', context, to: clusterState(cluster.access, chosen)});
					onContextChanged(context);
					await this.#waitForResponse(cluster, signal);
				}

				return;
			} catch (thrown) {
				const error = toSpokeError(thrown).toJSON();
				code = error.code;
				if (!signal.aborted && error.message !== before.error?.message) {
					store.dispatch({type: 'cluster', context, to: {error}});
					onContextChanged(context);
				}
			}
		}
	}

	async #waitForResponse(cluster: OpenCluster, signal: AbortSignal): Promise<void> {
		const {store, paths, clusters, onRecovered} = this.#context;
		const {error = null, retryAt = null} = shownClusters(store.state).find(({context}) => context === cluster.context) ?? {};
		let isLate = retryAt !== null && isLoginFailure(error?.code);
		if (isLate) {
			await this.#pause(cluster.context, Math.max(0, retryAt! - Date.now()));
		}

		const hasResponded = await waitForCluster(
			cluster.access,
			() => !signal.aborted && clusters().includes(cluster),
			to => {
				store.dispatch({type: 'tick', now: Date.now()});
				store.dispatch({type: 'cluster', context: cluster.context, to});
			},
			async ms => {
				isLate = true;
				await this.#pause(cluster.context, ms);
			},
		);
		if (hasResponded) {
			if (isLate) {
				onRecovered();
			}

			paths.follow();
			await this.#readPermissionsIn(cluster);
		}
	}

	async #pause(context: string, ms: number): Promise<void> {
		const wake = this.#wakes.get(context) ?? new AbortController();
		this.#wakes.set(context, wake);
		await clockDelay(systemClock, ms, wake.signal);
	}

	async readPermissions(): Promise<void> {
		await Promise.all(this.#context.clusters().map(async cluster => this.#readPermissionsIn(cluster)));
	}

	async #readPermissionsIn(cluster: OpenCluster): Promise<void> {
		const {context} = cluster;
		const {store, clusters} = this.#context;
		const namespaceNow = () => {
			const shown = shownClusters(store.state).find(one => one.context === context);
			return shown && currentNamespace(shown);
		};

		const namespace = namespaceNow();
		if (namespace === undefined) {
			return;
		}

		const missingPermissions = await findMissingPermissions(cluster.access, namespace);
		if (clusters().includes(cluster) && namespaceNow() === namespace) {
			store.dispatch({type: 'cluster', context, to: {missingPermissions}});
		}
	}
}

/** Keys of an apiserver that does not respond, and of a context that cannot be opened. */
export const retryHandlers = {
	'unreachable/retry'(session) {
		session.showMessage('retrying …');
		session.reachability.tryNow();
	},
	'unreachable/copy'(session) {
		session.copy(
			formatCopiedLines(
				[
					...unreachableTextLines({...session.store.state, isReducedMotion: true}),
					{label: 'server', text: session.store.state.cluster.server},
				],
				Date.now(),
			),
			'the report',
		);
	},
	/** Of several contexts, the one of the selected row. */
	'list/retry'(session) {
		const list = currentList(session.store.state);
		const row = list && selectedRow(list);
		if (row?.unread === undefined) {
			session.showMessage('nothing to retry here');
		} else {
			session.showMessage(`retrying ${row.name} …`);
			session.retryContext(row.name);
		}
	},
} satisfies Handlers;

function needOf({id, context}: ActionSpec): Need | undefined {
	return needs.find(need => need.action === id && (need.context ?? context) === context);
}

/** Asks for one name (`resourceNames`) after a refusal for the namespace. */
export async function isAllowedByName(cluster: ClusterClient, action: ActionSpec, namespace: string, name: string): Promise<boolean> {
	const need = needOf(action);
	if (!need || need.resource !== 'pods') {
		return false;
	}

	const {verb, resource, subresource} = need;
	const permission = {verb, resource, subresource, namespace, name};
	const answer = await reviewAccess(cluster, permission, AbortSignal.timeout(responseTimeoutMs)).catch(() => null);
	return answer?.allowed === true;
}

/** Rule of a Role that allows the action; `null` when no permission decides it. */
export function ruleFor(action: ActionSpec): string | null {
	const need = needOf(action);
	return need === undefined ? null : `apiGroups: [""]  resources: ["${need.resource}/${need.subresource}"]  verbs: ["${need.verb}"]`;
}

/** The missing permission of each action. Actions whose review gets no response stay enabled. */
async function findMissingPermissions(cluster: ClusterClient, namespace: string): Promise<ReadonlyMap<ActionSpec, string>> {
	const missing = new Map<ActionSpec, string>();
	const reviews = new Semaphore(maxReviews);
	await Promise.all(
		needs.map(async need => {
			const {verb, resource, subresource} = need;
			const permission = {verb, resource, subresource, ...(resource !== 'nodes' && {namespace})};
			const answer = await reviews
				.run(async () => reviewAccess(cluster, permission, AbortSignal.timeout(responseTimeoutMs)))
				.catch(() => null);
			if (answer?.allowed === false) {
				for (const action of actionSpecs.filter(spec => needOf(spec) === need)) {
					missing.set(action, `no permission to ${verb} ${resource}/${subresource}`);
				}
			}
		}),
	);
	return missing;
}
