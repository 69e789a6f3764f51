/** What is said of round trips: as they were measured last, or for how long an answer is waited for. */
import type {Path} from '../evidence/evidence.ts';
import {pendingPingsOf} from '../state/connection-list.ts';
import type {SessionState} from '../state/session-state.ts';
import {formatDuration} from '../text/format-duration.ts';

/** For how long each has been waited for, milliseconds; `null` where none is missed. */
export type PendingTimes = {websocket: number | null; runtime: number | null};

export const noPendingTimes: PendingTimes = {websocket: null, runtime: null};

/** None is missed sooner; the clock of a still screen lags. @see PongTracker */
const shortestMs = 5000;

export function pendingTimes({dock, now}: Pick<SessionState, 'dock' | 'now'>, path: Path): PendingTimes {
	const {websocket, runtime} = pendingPingsOf(dock, path);
	const since = (at: number | null) => (at === null ? null : Math.max(shortestMs, now - at));
	return path.about === 'ended-connection' ? noPendingTimes : {websocket: since(websocket), runtime: since(runtime)};
}

/** `4.0 ms to the end of the WebSocket · 11.0 ms to the runtime`, with `was` where nothing is open any more, and `no answer for 8 s` where it is waited for; empty where none was measured. */
export function describeRoundTrips({about, rttMs}: Path, waited: PendingTimes = noPendingTimes): string {
	if (isWholeWait(rttMs, waited)) {
		return noAnswer(waited);
	}

	const one = (ms: number | null, waitedMs: number | null, end: string) =>
		ms === null && waitedMs === null ? [] : [`${waitedMs === null ? `${ms!.toFixed(1)} ms` : `over ${seconds(waitedMs)}`} to ${end}`];
	const words = [
		...one(rttMs.websocket, waited.websocket, 'the end of the WebSocket'),
		...one(rttMs.runtime, waited.runtime, 'the runtime'),
	].join(' · ');
	return words !== '' && about === 'ended-connection' ? `was ${words}` : words;
}

/** `rtt 1.6/9 ms`, `rtt was 1.6/9 ms`, `rtt 1.6 ms/over 8 s`, `no answer for 8 s`; empty where the carrier itself was not measured. */
export function formatRoundTrips({about, rttMs}: Path, waited: PendingTimes = noPendingTimes): string {
	if (isWholeWait(rttMs, waited)) {
		return noAnswer(waited);
	}

	const {websocket, runtime} = rttMs;
	if (websocket === null) {
		return '';
	}

	if (waited.websocket === null && waited.runtime === null) {
		return `rtt ${about === 'ended-connection' ? 'was ' : ''}${round(websocket)}${runtime === null ? '' : `/${round(runtime)}`} ms`;
	}

	const one = (ms: number, waitedMs: number | null) => (waitedMs === null ? `${round(ms)} ms` : `over ${seconds(waitedMs)}`);
	return `rtt ${one(websocket, waited.websocket)}/${one(runtime ?? 0, waited.runtime)}`;
}

/** Nothing that was ever measured is answered. */
function isWholeWait(rttMs: Path['rttMs'], waited: PendingTimes): boolean {
	const ends = (['websocket', 'runtime'] as const).filter(end => rttMs[end] !== null || waited[end] !== null);
	return ends.length > 0 && ends.every(end => waited[end] !== null);
}

/** Of the one that was answered last: for so long there was none at all. */
function noAnswer(waited: PendingTimes): string {
	return `no answer for ${seconds(Math.min(...Object.values(waited).filter(ms => ms !== null)))}`;
}

/** Whole ones, as they are counted on the screen: `8 s`, `1 min 12 s`. */
function seconds(ms: number): string {
	return ms < 10_000 ? `${Math.floor(ms / 1000)} s` : formatDuration(ms);
}

function round(ms: number): string {
	return ms < 10 ? ms.toFixed(1).replace(/\.0$/, '') : String(Math.round(ms));
}
