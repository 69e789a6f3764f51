/** Opens and closes tails. */
import {emptyTail, followTail, type SincePreset, type TailDisplay, type TailView} from './tail-view.ts';
import type {Session} from '../frame/session.ts';
import {showTailFailure} from './tail-entry.ts';
import {TailRun, type TailRequest} from './tail-run.ts';
import {createTailRequest, type TailOptions} from './tail-targets.ts';

/** Shows an open tail with the same options instead. @throws SpokeError ERR_USAGE for an invalid target */
export function openTail(session: Session, options: TailOptions, since: SincePreset = 'tail', previous = false): TailRun {
	const ask = createTailRequest(session.cluster.access, options);
	const key = keyOf(session, options);
	const known = [...session.tails.values()].find(tail => tail.key === key && tail.view.phase !== 'failed' && tail.view.phase !== 'ended');
	if (known && !previous) {
		known.view = followTail(known.view);
		show(session, known.id);
		return known;
	}

	const tail = newRun(session, ask, options);
	tail.key = key;
	session.tails.set(tail.id, tail);
	show(session, tail.id);
	tail.start(since, previous);
	return tail;
}

/** Drops the lines. */
export function closeTail({store, tails}: Session, tail: TailRun): void {
	tail.stop();
	tails.delete(tail.id);
	store.dispatchNow({type: 'connections', event: {type: 'close', id: tail.id}});
}

export function withDisplayOptions(view: TailView, display: TailDisplay | null): TailView {
	return display === null ? view : {...view, ...display, json: display.jsonChoice === true};
}

function newRun(session: Session, ask: TailRequest, {namespace}: TailOptions): TailRun {
	const {store, cluster} = session;
	const id = session.nextId('tail');
	store.dispatchNow({
		type: 'connections',
		event: {type: 'open', entry: {id, kind: 'logs', what: ask.title, context: cluster.context, namespace, since: Date.now()}},
	});
	const view = withDisplayOptions(emptyTail(id, ask.title), store.state.tailDisplay);
	const tail = new TailRun(id, ask, view, {
		cluster: cluster.access,
		observer: session.observerFor(id),
		changed() {
			showTailFailure(session, tail);
			store.dispatch({type: 'tail-changed'});
		},
	});
	tail.onMoved.add(moved => {
		store.dispatch({type: 'lines-moved', id, moved});
	});
	return tail;
}

function show({store}: Session, id: string): void {
	store.dispatchNow({type: 'push', layer: {kind: 'tail', id, line: null}});
}

function keyOf(session: Session, {namespace, targets, selector, containers}: TailOptions): string {
	return JSON.stringify([session.cluster.context, namespace, targets, selector, containers]);
}
