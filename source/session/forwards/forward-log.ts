/** Log lines of a forward. */
import type {ForwardState} from '../../state/session-state.ts';
import {clockTime} from '../../text/format-time.ts';

type Log = ForwardState['log'];

export function withLine(log: Log, text: string): Log {
	return [...log.slice(-199), {time: Date.now(), text, connection: null}];
}

/** Equal attempts share a line, to keep room for connection events. */
export function appendRetry(log: Log, lost: string, attempt: number): Log {
	const last = log.at(-1);
	return last?.text === lost || last?.text.startsWith(`${lost} · `)
		? log.with(log.length - 1, {...last, text: `${lost} · ${attempt} attempts, last at ${clockTime(Date.now())}`})
		: withLine(log, lost);
}
