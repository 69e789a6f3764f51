/** The history of views with their namespaces in one context, like that of a browser. */
import type {ViewName} from './session-state.ts';

type Place = {view: ViewName; namespace: string | null};

/** `at` is the current position. */
export type ViewHistory = {places: readonly Place[]; at: number};

const mostPlaces = 100;

/** One place, and nothing to go back to. */
export function startHistory(place: Place): ViewHistory {
	return {places: [place], at: 0};
}

/** Adds a place after the current one and drops those after it. */
export function visit(history: ViewHistory, place: Place): ViewHistory {
	const now = history.places[history.at]!;
	if (now.view === place.view && now.namespace === place.namespace) {
		return history;
	}

	const places = [...history.places.slice(0, history.at + 1), place].slice(-mostPlaces);
	return {places, at: places.length - 1};
}

/** The place `by` steps forward or back; `null` if there is none. */
export function placeAt({places, at}: ViewHistory, by: number): Place | null {
	return places[at + by] ?? null;
}
