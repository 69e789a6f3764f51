/** When is a connection's reader so far behind that it is worth telling? */
import type {Duplex} from 'node:stream';
import type {RegisteredConnection} from './connection-registry.ts';

/** Being behind for less is nobody's business, milliseconds. */
const congestedAfterMs = 1000;
/** A slow reader is behind again and again: only after so long without it is its tunnel told to flow, milliseconds. */
const calmAfterMs = 5000;

/** Marks `booked` while the reader of `data` holds its tunnel up; gives what ends the watch. */
export function watchCongestion(data: Duplex, booked: Pick<RegisteredConnection, 'congested'>): () => void {
	let behind: NodeJS.Timeout | undefined;
	let calm: NodeJS.Timeout | undefined;
	let told = false;
	const congested = () => {
		clearTimeout(calm);
		behind ??= setTimeout(() => {
			told = true;
			booked.congested(true);
		}, congestedAfterMs);
	};

	const flowing = () => {
		clearTimeout(behind);
		behind = undefined;
		if (told) {
			calm = setTimeout(() => {
				told = false;
				booked.congested(false);
			}, calmAfterMs);
		}
	};

	data.on('congested', congested).on('flowing', flowing);
	return () => {
		clearTimeout(behind);
		clearTimeout(calm);
		data.off('congested', congested).off('flowing', flowing);
	};
}
