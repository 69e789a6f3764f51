/** Describes round-trip times. */
import type {Path} from '../../evidence/evidence.ts';
import {overduePingsOf} from './connection-list.ts';
import type {SessionState} from './session-state.ts';
import {formatDuration} from '../../text/formats.ts';

/** Milliseconds that each response is overdue. */
export type OverdueTimes = {websocket: number | null; runtime: number | null};

export const noOverdueTimes: OverdueTimes = {websocket: null, runtime: null};

/** No response is overdue sooner; the screen clock lags under reduced motion. @see PongTracker */
const minOverdueMs = 5000;

export function overdueTimes({connections, now}: Pick<SessionState, 'connections' | 'now'>, path: Path): OverdueTimes {
	const {websocket, runtime} = overduePingsOf(connections, path);
	const since = (at: number | null) => (at === null ? null : Math.max(minOverdueMs, now - at));
	return path.about === 'ended-connection' ? noOverdueTimes : {websocket: since(websocket), runtime: since(runtime)};
}

export function hasOverdueTime({websocket, runtime}: OverdueTimes): boolean {
	return websocket !== null || runtime !== null;
}

/** `4.0 ms to the end of the WebSocket · 11.0 ms to the runtime`; `was` if nothing is open, `no response for 8 s` if overdue. */
export function describeRoundTrips({about, rttMs}: Path, overdue: OverdueTimes = noOverdueTimes): string {
	if (isEveryEndOverdue(rttMs, overdue)) {
		return describeNoResponse(overdue);
	}

	const one = (ms: number | null, overdueMs: number | null, end: string) =>
		ms === null && overdueMs === null ? [] : [`${overdueMs === null ? milliseconds(ms!) : `over ${seconds(overdueMs)}`} to ${end}`];
	const words = [
		...one(rttMs.websocket, overdue.websocket, 'the end of the WebSocket'),
		...one(rttMs.runtime, overdue.runtime, 'the runtime'),
	].join(' · ');
	return words !== '' && about === 'ended-connection' ? `was ${words}` : words;
}

/** `rtt 1.6/9 ms`, `rtt was 1.6/9 ms`, `rtt 1.6 ms/over 8 s`; empty if the WebSocket end was not measured. */
export function formatRoundTrips({about, rttMs}: Path, overdue: OverdueTimes = noOverdueTimes): string {
	if (isEveryEndOverdue(rttMs, overdue)) {
		return describeNoResponse(overdue);
	}

	const {websocket, runtime} = rttMs;
	if (websocket === null) {
		return '';
	}

	if (!hasOverdueTime(overdue)) {
		return `rtt ${about === 'ended-connection' ? 'was ' : ''}${round(websocket)}${runtime === null ? '' : `/${round(runtime)}`} ms`;
	}

	const one = (ms: number, overdueMs: number | null) => (overdueMs === null ? `${round(ms)} ms` : `over ${seconds(overdueMs)}`);
	return `rtt ${one(websocket, overdue.websocket)}/${one(runtime ?? 0, overdue.runtime)}`;
}

/** Whether every measured end is overdue. */
function isEveryEndOverdue(rttMs: Path['rttMs'], overdue: OverdueTimes): boolean {
	const ends = (['websocket', 'runtime'] as const).filter(end => rttMs[end] !== null || overdue[end] !== null);
	return ends.length > 0 && ends.every(end => overdue[end] !== null);
}

/** Since the last response of any end. */
function describeNoResponse(overdue: OverdueTimes): string {
	return `no response for ${seconds(Math.min(...Object.values(overdue).filter(ms => ms !== null)))}`;
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
