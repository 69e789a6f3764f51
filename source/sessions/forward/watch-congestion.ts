/** When is a connection's reader so far behind that it is worth telling? */
import type {BookedConnection} from './connection-book.ts';
import type {Tunnel} from './tunnel.ts';

/** Being behind for less is nobody's business, milliseconds. */
const congestedAfterMs = 1000;
/** A slow reader is behind again and again: only after so long without it is its tunnel told to flow, milliseconds. */
const calmAfterMs = 5000;

/** Marks `booked` while the reader of `data` holds its tunnel up; gives what ends the watch. */
export function watchCongestion({session}: Pick<Tunnel, 'session'>, data: unknown, booked: Pick<BookedConnection, 'congested'>): () => void {
	let behind: NodeJS.Timeout | undefined;
	let calm: NodeJS.Timeout | undefined;
	let told = false;
	const congested = (stream: unknown) => {
		if (stream !== data) {
			return;
		}

		clearTimeout(calm);
		behind ??= setTimeout(() => {
			told = true;
			booked.congested(true);
		}, congestedAfterMs);
	};

	const flowing = (stream: unknown) => {
		if (stream !== data) {
			return;
		}

		clearTimeout(behind);
		behind = undefined;
		if (told) {
			calm = setTimeout(() => {
				told = false;
				booked.congested(false);
			}, calmAfterMs);
		}
	};

	session.on('congested', congested);
	session.on('flowing', flowing);
	return () => {
		clearTimeout(behind);
		clearTimeout(calm);
		session.off('congested', congested);
		session.off('flowing', flowing);
	};
}
