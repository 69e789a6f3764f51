/** The proxy screen: what was asked so far, and the listeners that others ask through. Pure. */
import type {ErrorObject} from '../errors/spoke-error.ts';
import type {Path} from '../evidence/evidence.ts';

export type ProxyExchange = {
	id: number;
	time: number;
	method: string;
	asked: string;
	/** What it was asked of was found, and there was a connection to send it on. */
	isSent?: true;
	/** By the person, before all of its answer was there. */
	isGivenUp?: true;
	status: number | null;
	/** `null` while it is under way. */
	tookMs: number | null;
	bytes: number;
	note: string;
	headers: ReadonlyArray<readonly [string, string]>;
	type: string;
	body: string;
	path: Path | null;
	error: ErrorObject | null;
};

/** Where its target cannot be found, it was never sent; of an answer that was cut there is a beginning. */
export function describeMissingResponse({isSent, isGivenUp, error}: Pick<ProxyExchange, 'isSent' | 'isGivenUp' | 'error'>): string {
	if (isGivenUp === true) {
		return 'Given up';
	}

	if (isSent !== true) {
		return 'Not sent';
	}

	return error?.code === 'ERR_STREAM_LOST' ? 'No whole answer' : 'No answer';
}

/** One request that came through a listener, when its answer began or it was refused. */
export type RelayedRequest = {time: number; method: string; path: string; status: number; tookMs: number; error: string | null};

export type ListenerState = {
	/** The same as of its row in the dock. */
	id: string;
	context: string;
	/** `127.0.0.1:8001` */
	address: string;
	/** `every user of this host can use it, with the rights of ada` */
	usable: string;
	since: number;
	requests: number;
	/** The last ones, newest last. */
	log: readonly RelayedRequest[];
};

export type ProxyState = {
	method: string;
	request: string;
	listeners: readonly ListenerState[];
	exchanges: readonly ProxyExchange[];
	/** Which row the cursor is on: the listeners come first. */
	at: number;
	json: boolean;
	headers: boolean;
};

export type ProxyEvent =
	| {type: 'set'; to: Partial<Pick<ProxyState, 'method' | 'request' | 'json' | 'headers'>>}
	| {type: 'move-to'; index: number}
	| {type: 'exchange'; exchange: ProxyExchange}
	| {type: 'listening'; listener: ListenerState}
	| {type: 'passed'; id: string; request: RelayedRequest}
	| {type: 'stopped'; id: string};

/** More are counted, not kept. */
const mostKept = 100;

export const emptyProxy: ProxyState = {method: 'GET', request: '', listeners: [], exchanges: [], at: 0, json: true, headers: false};

/** A request that is known by its id is replaced where it stands; a new one comes last, under the cursor. */
export function reduceProxy(proxy: ProxyState, event: ProxyEvent): ProxyState {
	const {listeners, exchanges} = proxy;
	switch (event.type) {
		case 'set': {
			return {...proxy, ...event.to};
		}

		case 'move-to': {
			return {...proxy, at: Math.max(0, Math.min(event.index, proxyRowCount(proxy) - 1))};
		}

		case 'exchange': {
			const known = exchanges.some(({id}) => id === event.exchange.id);
			const next = known
				? exchanges.map(one => (one.id === event.exchange.id ? event.exchange : one))
				: [...exchanges.slice(-mostKept + 1), event.exchange];
			return {...proxy, exchanges: next, at: known ? proxy.at : listeners.length + next.length - 1};
		}

		case 'listening': {
			return {...proxy, listeners: [...listeners, event.listener], at: listeners.length};
		}

		case 'passed': {
			return {
				...proxy,
				listeners: listeners.map(one =>
					one.id === event.id ? {...one, requests: one.requests + 1, log: [...one.log.slice(-mostKept + 1), event.request]} : one,
				),
			};
		}

		case 'stopped': {
			const gone = listeners.findIndex(({id}) => id === event.id);
			if (gone < 0) {
				return proxy;
			}

			const at = proxy.at > gone ? proxy.at - 1 : Math.max(0, Math.min(proxy.at, proxyRowCount(proxy) - 2));
			return {...proxy, listeners: listeners.toSpliced(gone, 1), at};
		}
	}
}

/** How many rows the cursor moves over. */
export function proxyRowCount({listeners, exchanges}: ProxyState): number {
	return listeners.length + exchanges.length;
}

/** The listener under the cursor. */
export function selectedListener({listeners, at}: ProxyState): ListenerState | null {
	return listeners[at] ?? null;
}

/** The request under the cursor. */
export function selectedExchange({listeners, exchanges, at}: ProxyState): ProxyExchange | null {
	return exchanges[at - listeners.length] ?? null;
}
