/** The proxy view. */
import type {ErrorObject} from '../../errors/spoke-error.ts';
import type {Path} from '../../evidence/evidence.ts';

export type ProxyExchange = {
	id: string;
	time: number;
	method: string;
	asked: string;
	/** Kept when the context or the namespace is switched. */
	context: string;
	/** Of pods and services. */
	namespace: string;
	/** Whether the request was sent: its target was found, and it had a connection. */
	isSent?: true;
	isCanceled?: true;
	status: number | null;
	tookMs: number | null;
	bytes: number;
	note: string;
	headers: ReadonlyArray<readonly [string, string]>;
	type: string;
	body: string;
	path: Path | null;
	error: ErrorObject | null;
};

export type RelayedRequest = {time: number; request: string; status: number; tookMs: number; error: string | null};

export type ListenerState = {
	id: string;
	context: string;
	address: string;
	listenerUsers: string;
	since: number;
	requests: number;
	/** Newest last. */
	log: readonly RelayedRequest[];
};

export type ProxyState = {
	method: string;
	request: string;
	listeners: readonly ListenerState[];
	exchanges: readonly ProxyExchange[];
	cursor: number;
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

const maxKept = 100;

export const emptyProxy: ProxyState = {method: 'GET', request: '', listeners: [], exchanges: [], cursor: 0, json: true, headers: false};

/** Replaces a request with the same id. */
export function reduceProxy(proxy: ProxyState, event: ProxyEvent): ProxyState {
	const {listeners, exchanges} = proxy;
	switch (event.type) {
		case 'set': {
			return {...proxy, ...event.to};
		}

		case 'move-to': {
			return {...proxy, cursor: Math.max(0, Math.min(event.index, proxyRowCount(proxy) - 1))};
		}

		case 'exchange': {
			const known = exchanges.some(({id}) => id === event.exchange.id);
			const next = known
				? exchanges.map(one => (one.id === event.exchange.id ? event.exchange : one))
				: [...exchanges.slice(-maxKept + 1), event.exchange];
			return {...proxy, exchanges: next, cursor: known ? proxy.cursor : listeners.length + next.length - 1};
		}

		case 'listening': {
			return {...proxy, listeners: [...listeners, event.listener], cursor: listeners.length};
		}

		case 'passed': {
			return {
				...proxy,
				listeners: listeners.map(one =>
					one.id === event.id ? {...one, requests: one.requests + 1, log: [...one.log.slice(-maxKept + 1), event.request]} : one,
				),
			};
		}

		case 'stopped': {
			const gone = listeners.findIndex(({id}) => id === event.id);
			if (gone < 0) {
				return proxy;
			}

			const cursor = proxy.cursor > gone ? proxy.cursor - 1 : Math.max(0, Math.min(proxy.cursor, proxyRowCount(proxy) - 2));
			return {...proxy, listeners: listeners.toSpliced(gone, 1), cursor};
		}
	}
}

export function proxyRowCount({listeners, exchanges}: ProxyState): number {
	return listeners.length + exchanges.length;
}

export function selectedListener({listeners, cursor}: ProxyState): ListenerState | null {
	return listeners[cursor] ?? null;
}

export function selectedExchange({listeners, exchanges, cursor}: ProxyState): ProxyExchange | null {
	return exchanges[cursor - listeners.length] ?? null;
}
