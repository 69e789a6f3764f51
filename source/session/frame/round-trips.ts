/** Describes round-trip times. */
import type {Path} from '../../evidence/evidence.ts';
import {pendingPingsOf} from './connection-list.ts';
import type {SessionState} from './session-state.ts';
import {formatDuration} from '../../text/format-time.ts';

/** Milliseconds that each response is overdue. */
export type PendingTimes = {websocket: number | null; runtime: number | null};

export const noPendingTimes: PendingTimes = {websocket: null, runtime: null};

/** No response is overdue sooner; the screen clock lags under reduced motion. @see PongTracker */
const minOverdueMs = 5000;

export function pendingTimes({connections, now}: Pick<SessionState, 'connections' | 'now'>, path: Path): PendingTimes {
	const {websocket, runtime} = pendingPingsOf(connections, path);
	const since = (at: number | null) => (at === null ? null : Math.max(minOverdueMs, now - at));
	return path.about === 'ended-connection' ? noPendingTimes : {websocket: since(websocket), runtime: since(runtime)};
}

export function hasPendingTime({websocket, runtime}: PendingTimes): boolean {
	return websocket !== null || runtime !== null;
}

/** `4.0 ms to the end of the WebSocket · 11.0 ms to the runtime`; `was` if nothing is open, `no response for 8 s` if overdue. */
export function describeRoundTrips({about, rttMs}: Path, waited: PendingTimes = noPendingTimes): string {
	if (isWholeWait(rttMs, waited)) {
		return noAnswer(waited);
	}

	const one = (ms: number | null, waitedMs: number | null, end: string) =>
		ms === null && waitedMs === null ? [] : [`${waitedMs === null ? milliseconds(ms!) : `over ${seconds(waitedMs)}`} to ${end}`];
	const words = [
		...one(rttMs.websocket, waited.websocket, 'the end of the WebSocket'),
		...one(rttMs.runtime, waited.runtime, 'the runtime'),
	].join(' · ');
	return words !== '' && about === 'ended-connection' ? `was ${words}` : words;
}

/** `rtt 1.6/9 ms`, `rtt was 1.6/9 ms`, `rtt 1.6 ms/over 8 s`; empty if the WebSocket end was not measured. */
export function formatRoundTrips({about, rttMs}: Path, waited: PendingTimes = noPendingTimes): string {
	if (isWholeWait(rttMs, waited)) {
		return noAnswer(waited);
	}

	const {websocket, runtime} = rttMs;
	if (websocket === null) {
		return '';
	}

	if (!hasPendingTime(waited)) {
		return `rtt ${about === 'ended-connection' ? 'was ' : ''}${round(websocket)}${runtime === null ? '' : `/${round(runtime)}`} ms`;
	}

	const one = (ms: number, waitedMs: number | null) => (waitedMs === null ? `${round(ms)} ms` : `over ${seconds(waitedMs)}`);
	return `rtt ${one(websocket, waited.websocket)}/${one(runtime ?? 0, waited.runtime)}`;
}

/** Whether every measured end is overdue. */
function isWholeWait(rttMs: Path['rttMs'], waited: PendingTimes): boolean {
	const ends = (['websocket', 'runtime'] as const).filter(end => rttMs[end] !== null || waited[end] !== null);
	return ends.length > 0 && ends.every(end => waited[end] !== null);
}

/** Since the last response of any end. */
function noAnswer(waited: PendingTimes): string {
	return `no response for ${seconds(Math.min(...Object.values(waited).filter(ms => ms !== null)))}`;
}

/** Long ones have been overdue. */
function milliseconds(ms: number): string {
	return ms < 1000 ? `${ms.toFixed(1)} ms` : `${(ms / 1000).toFixed(1)} s`;
}

function seconds(ms: number): string {
	return ms < 10_000 ? `${Math.floor(ms / 1000)} s` : formatDuration(ms);
}

function round(ms: number): string {
	return ms < 10 ? ms.toFixed(1).replace(/\.0$/, '') : String(Math.round(ms));
}
