/** The history of views in one context. */
import type {ViewName} from './session-state.ts';

type ViewEntry = {view: ViewName; namespace: string | null};

export type ViewHistory = {entries: readonly ViewEntry[]; at: number};

const maxEntries = 100;

export function startHistory(entry: ViewEntry): ViewHistory {
	return {entries: [entry], at: 0};
}

/** Drops the entries after the current one. */
export function visit(history: ViewHistory, entry: ViewEntry): ViewHistory {
	const now = history.entries[history.at]!;
	if (now.view === entry.view && now.namespace === entry.namespace) {
		return history;
	}

	const entries = [...history.entries.slice(0, history.at + 1), entry].slice(-maxEntries);
	return {entries, at: entries.length - 1};
}

export function entryAt({entries, at}: ViewHistory, by: number): ViewEntry | null {
	return entries[at + by] ?? null;
}
