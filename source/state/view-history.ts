/** Where a person was in this context: views with their namespaces, as a browser keeps pages. Pure. */
import type {ViewName} from './session-state.ts';

type Place = {view: ViewName; namespace: string | null};
/** `at` is where one is now. */
export type ViewHistory = {places: readonly Place[]; at: number};

const mostPlaces = 100;

/** With one place, and nothing to go back to. */
export function startHistory(place: Place): ViewHistory {
	return {places: [place], at: 0};
}

/** Goes on from here: what was gone back from is forgotten. */
export function visit(history: ViewHistory, place: Place): ViewHistory {
	const now = history.places[history.at]!;
	if (now.view === place.view && now.namespace === place.namespace) {
		return history;
	}

	const places = [...history.places.slice(0, history.at + 1), place].slice(-mostPlaces);
	return {places, at: places.length - 1};
}

/** The place so many steps later or earlier; `null` where there is none. */
export function placeAt({places, at}: ViewHistory, by: number): Place | null {
	return places[at + by] ?? null;
}
