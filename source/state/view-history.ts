/** The history of views in one context. */
import type {ViewName} from './session-state.ts';

type Place = {view: ViewName; namespace: string | null};

export type ViewHistory = {places: readonly Place[]; at: number};

const mostPlaces = 100;

export function startHistory(place: Place): ViewHistory {
	return {places: [place], at: 0};
}

/** Drops the places after the current one. */
export function visit(history: ViewHistory, place: Place): ViewHistory {
	const now = history.places[history.at]!;
	if (now.view === place.view && now.namespace === place.namespace) {
		return history;
	}

	const places = [...history.places.slice(0, history.at + 1), place].slice(-mostPlaces);
	return {places, at: places.length - 1};
}

export function placeAt({places, at}: ViewHistory, by: number): Place | null {
	return places[at + by] ?? null;
}
