/** The rows of several clusters in one list. */
import type {ErrorObject} from '../../errors/spoke-error.ts';
import type {ClusterState, SessionState} from '../frame/session-state.ts';
import type {ListEvent, ListPhase, ListState} from './list-state.ts';
import {byObject} from './row-filter.ts';
import {idInContext, type Row} from './table-rows.ts';

/** The context of the rows of a cluster; empty if the lists show only one. */
export function rowContext({others}: Pick<SessionState, 'others'>, {context}: Pick<ClusterState, 'context'>): string {
	return others.length === 0 ? '' : context;
}

/** Sets the entry of a context, or removes it for `null`. */
export function withContext<Known>(all: ReadonlyMap<string, Known>, context: string, known: Known | null): ReadonlyMap<string, Known> {
	const next = new Map(all);
	if (known === null) {
		next.delete(context);
	} else {
		next.set(context, known);
	}

	return next;
}

/** The event of the list of one cluster, for the list of all. */
export function inContext(event: ListEvent, context: string): ListEvent {
	const ofContext = (row: Row): Row => ({...row, id: idInContext(row.id, context), context});
	switch (event.type) {
		case 'phase': {
			return {...event, context};
		}

		case 'clear': {
			return {...event, resource: chunkIn(context, event.resource)};
		}

		case 'page': {
			return {...event, chunk: chunkIn(context, event.chunk), rows: event.rows.map(row => ofContext(row))};
		}

		case 'changes': {
			const changes = event.changes.map(one => ({...one, chunk: chunkIn(context, one.chunk), row: ofContext(one.row)}));
			return {...event, changes};
		}

		default: {
			return event;
		}
	}
}

function chunkIn(context: string, chunk: string): string {
	return `${context}\n${chunk}`;
}

/** Sorted together, within each resource and namespace. */
export function rowsOfSeveral(chunks: ListState['chunks']): readonly Row[] {
	const sources = Map.groupBy(chunks, ([chunk]) => chunk.slice(chunk.indexOf('\n') + 1));
	return [...sources.keys()].sort().flatMap(source =>
		sources
			.get(source)!
			.flatMap(([, rows]) => rows)
			.sort(byObject),
	);
}

/** One for each cluster that cannot be read now. */
export function unreadRows(phases: ListState['phases']): Row[] {
	return [...phases].flatMap(([context, phase]) =>
		isUnread(phase)
			? [{id: `unread ${context}`, context, unread: phase.error, namespace: '', name: context, cells: [], created: null, gone: null}]
			: [],
	);
}

/** The phase of the clusters that can be read, if any can. */
export function readablePhase(phases: readonly ListPhase[]): ListPhase {
	const readable = phases.filter(phase => !isUnread(phase));
	return worstOf(readable.length > 0 ? readable : phases);
}

function isUnread(phase: ListPhase): phase is Extract<ListPhase, {error: ErrorObject}> {
	return phase.kind === 'failed' || phase.kind === 'interrupted';
}

/** The worst of several phases. Of several interruptions, the longest counts, because no row is older. */
export function worstOf(phases: readonly ListPhase[]): ListPhase {
	const order: ReadonlyArray<ListPhase['kind']> = ['failed', 'interrupted', 'idle', 'reading', 'polling', 'live'];
	return phases.reduce((worst, phase) =>
		order.indexOf(phase.kind) < order.indexOf(worst.kind) || isCutLonger(phase, worst) ? phase : worst,
	);
}

function isCutLonger(one: ListPhase, other: ListPhase): boolean {
	return one.kind === 'interrupted' && other.kind === 'interrupted' && one.since < other.since;
}
