/** Opens and closes tails, and finds the top one. */
import {currentNamespace, sharedNamespace, shownTail} from '../frame/session-state.ts';
import type {OpenCluster, Session, StateAccess} from '../frame/session.ts';
import {clusterOf} from '../lists/selection.ts';
import {createTailRequest, TailRun, type TailOptions, type TailRequest} from './tail-run.ts';
import {displayOf, emptyTail, filterTail, followTail, type TailDisplay, type TailSource, type TailView} from './tail-view.ts';

/** Where a new tail begins, and which lines and fields it shows. */
export type TailStart = Partial<Pick<TailView, 'since' | 'previous' | 'level' | 'fields'>>;

/** One cluster, by default the current one; or several `clusters`, each opened when the tail begins to read it. */
type SessionTailOptions = TailOptions & {
	cluster?: OpenCluster;
	clusters?: ReadonlyArray<{context: string; open(): Promise<OpenCluster>}>;
};

/** Shows an open tail with the same options instead. @throws SpokeError ERR_USAGE for an invalid target */
export function openTail(session: Session, options: SessionTailOptions, start: TailStart = {}): TailRun {
	const {since = 'tail', previous = false, level = 0, fields = []} = start;
	const request = createTailRequest(options);
	const key = keyOf(session, options);
	const known = session.work
		.list('tail')
		.find(({run}) => run.key === key && run.view.phase !== 'failed' && run.view.phase !== 'ended')?.run;
	if (known && !previous) {
		known.view = followTail(known.view);
		show(session, known.id);
		return known;
	}

	const tail = newRun(session, request, options, key);
	if (level > 0 || fields.length > 0) {
		tail.view = filterTail({...tail.view, fields, ...(fields.length > 0 && {json: true, jsonChoice: true})}, {level});
	}

	show(session, tail.id);
	tail.start(since, previous);
	return tail;
}

/** Where a typed target is followed: in all contexts that are shown, each in its own namespace unless they share one. */
export function typedTailPlace(
	{store: {state}, shown}: Session,
	{isSelector}: {isSelector: boolean},
): Pick<SessionTailOptions, 'namespace' | 'clusters'> {
	if (state.others.length === 0) {
		return {namespace: isSelector ? state.cluster.namespace : currentNamespace(state.cluster)};
	}

	const namespace = sharedNamespace(state);
	return {
		...(namespace !== undefined && (isSelector || namespace !== null) && {namespace}),
		clusters: shown.map(cluster => ({context: cluster.context, open: async () => cluster})),
	};
}

/** A tail that the connections pane lists. @throws SpokeError ERR_USAGE for an invalid target */
export function openTailInBackground(session: Session, options: TailOptions): void {
	newRun(session, createTailRequest(options), options, keyOf(session, options)).start('tail');
}

/** Drops the lines. */
export function closeTail({store, work}: Pick<Session, 'store' | 'work'>, tail: TailRun): void {
	void work.end(tail.id);
	store.dispatchNow({type: 'connections', event: {type: 'close', id: tail.id}});
}

export function withDisplayOptions(view: TailView, display: TailDisplay | null): TailView {
	return display === null ? view : {...view, ...display, json: display.jsonChoice === true};
}

function newRun(session: Session, request: TailRequest, options: SessionTailOptions, key: string): TailRun {
	const {namespace = null, cluster = session.cluster, clusters} = options;
	const {store} = session;
	const context = clusters && store.state.others.length > 0 ? clusters.map(one => one.context).join(', ') : cluster.context;
	const id = session.nextId('tail');
	store.dispatchNow({
		type: 'connections',
		event: {type: 'open', entry: {id, kind: 'logs', what: request.title, context, namespace, since: Date.now()}},
	});
	const view = withDisplayOptions(emptyTail(id, request.title), store.state.tailDisplay);
	store.dispatch({type: 'tail-opened', view});
	const read = (one: OpenCluster) => ({access: one.access, observer: session.observerFor(id, one)});
	const tail = new TailRun(id, clusters === undefined ? request : {...request, onlyTarget: null}, {
		clusters: clusters?.map(({context, open}) => ({context, open: async () => read(await open())})) ?? [
			{context: null, open: async () => read(cluster)},
		],
		store,
	});
	tail.key = key;
	session.work.start('tail', id, tail);
	return tail;
}

function show({store}: Session, id: string): void {
	store.dispatchNow({type: 'push', layer: {kind: 'tail', id, line: null}});
}

function keyOf(session: Session, options: SessionTailOptions): string {
	const {namespace, targets, selector, containers, cluster = session.cluster, clusters} = options;
	const contexts = clusters?.map(({context}) => context) ?? cluster.context;
	return JSON.stringify([contexts, namespace, targets, selector, containers]);
}

export function currentTail({store, work}: Pick<StateAccess, 'store' | 'work'>): TailRun | null {
	return work.get('tail', shownTail(store.state)?.id) ?? null;
}

/** The cluster of a source. */
export function clusterOfSource(session: Session, tailId: string, {context}: Pick<TailSource, 'context'>): OpenCluster {
	return (context === null ? undefined : session.clusters.get(context)) ?? clusterOf(session, tailId);
}

export async function withTail(session: StateAccess, work: (tail: TailRun) => Promise<void>): Promise<void> {
	const tail = currentTail(session);
	if (tail) {
		await work(tail);
	}
}

export function changeTail(session: StateAccess, to: (view: TailView) => TailView): void {
	const tail = currentTail(session);
	if (tail) {
		setView(session, tail, to(tail.view));
	}
}

export function setView({store}: StateAccess, tail: TailRun, view: TailView): void {
	tail.view = view;
	store.dispatchNow({type: 'tail-display', display: displayOf(view)});
}
