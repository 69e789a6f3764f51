/** When is a connection's reader so far behind that it is worth telling? */
import type {BookedConnection} from './connection-book.ts';
import type {Tunnel} from './tunnel.ts';

/** Being behind for less is nobody's business, milliseconds. */
const congestedAfterMs = 1000;

/** Marks `booked` while the reader of `data` holds its tunnel up; gives what ends the watch. */
export function watchCongestion({session}: Tunnel, data: unknown, booked: Pick<BookedConnection, 'congested'>): () => void {
	let timer: NodeJS.Timeout | undefined;
	const congested = (stream: unknown) => {
		if (stream === data) {
			timer ??= setTimeout(() => {
				booked.congested(true);
			}, congestedAfterMs);
		}
	};

	const flowing = (stream: unknown) => {
		if (stream !== data) {
			return;
		}

		clearTimeout(timer);
		timer = undefined;
		booked.congested(false);
	};

	session.on('congested', congested);
	session.on('flowing', flowing);
	return () => {
		clearTimeout(timer);
		session.off('congested', congested);
		session.off('flowing', flowing);
	};
}
