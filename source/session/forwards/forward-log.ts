/** How does the log of a forward grow? */
import type {ForwardState} from '../../state/session-state.ts';
import {clockTime} from '../../text/clock-time.ts';

type Log = ForwardState['log'];

/** The last 200 lines are kept. */
export function withLine(log: Log, text: string): Log {
	return [...log.slice(-199), {time: Date.now(), text, connection: null}];
}

/** Tries that fail alike stand in one row: they must not push out what connections did. */
export function appendRetry(log: Log, lost: string, attempt: number): Log {
	const last = log.at(-1);
	return last?.text === lost || last?.text.startsWith(`${lost} · `)
		? log.with(log.length - 1, {...last, text: `${lost} · ${attempt} tries until ${clockTime(Date.now())}`})
		: withLine(log, lost);
}
