/** The history of views in one context. */
import type {ViewName} from './session-state.ts';

type ViewEntry = {view: ViewName; namespace: string | null};

export type ViewHistory = {entries: readonly ViewEntry[]; position: number};

const maxEntries = 100;

export function startHistory(entry: ViewEntry): ViewHistory {
	return {entries: [entry], position: 0};
}

/** Drops the entries after the current one. */
export function visit(history: ViewHistory, entry: ViewEntry): ViewHistory {
	const now = history.entries[history.position]!;
	if (now.view === entry.view && now.namespace === entry.namespace) {
		return history;
	}

	const entries = [...history.entries.slice(0, history.position + 1), entry].slice(-maxEntries);
	return {entries, position: entries.length - 1};
}

export function entryAt({entries, position}: ViewHistory, by: number): ViewEntry | null {
	return entries[position + by] ?? null;
}
