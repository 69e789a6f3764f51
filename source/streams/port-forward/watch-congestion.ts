/** Congestion of a forwarded connection. */
import type {Duplex} from 'node:stream';
import type {RegisteredConnection} from './connection-registry.ts';

const congestedAfterMs = 1000;
/** How long data must flow again before the end of congestion is reported. */
const calmAfterMs = 5000;

/** Reports congestion while the client of `data` reads too slowly and so blocks the tunnel. Returns a function that stops the reports. */
export function watchCongestion(data: Duplex, connection: Pick<RegisteredConnection, 'congested'>): () => void {
	let congestedTimer: NodeJS.Timeout | undefined;
	let calmTimer: NodeJS.Timeout | undefined;
	let isReported = false;
	const onCongested = () => {
		clearTimeout(calmTimer);
		congestedTimer ??= setTimeout(() => {
			isReported = true;
			connection.congested(true);
		}, congestedAfterMs);
	};

	const onFlowing = () => {
		clearTimeout(congestedTimer);
		congestedTimer = undefined;
		if (isReported) {
			calmTimer = setTimeout(() => {
				isReported = false;
				connection.congested(false);
			}, calmAfterMs);
		}
	};

	data.on('congested', onCongested).on('flowing', onFlowing);
	return () => {
		clearTimeout(congestedTimer);
		clearTimeout(calmTimer);
		data.off('congested', onCongested).off('flowing', onFlowing);
	};
}
