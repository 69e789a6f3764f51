/** The proxy view. */
import type {ErrorObject} from '../../base/errors/spoke-error.ts';
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
	| {type: 'exchange'; exchange: ProxyExchange}
	| {type: 'listening'; listener: ListenerState}
	| {type: 'passed'; id: string; request: RelayedRequest}
	| {type: 'stopped'; id: string};

const maxKept = 100;

export const emptyProxy: ProxyState = {method: 'GET', request: '', listeners: [], exchanges: [], cursor: 0, json: true, headers: false};

export function reduceProxy(proxy: ProxyState, event: ProxyEvent): ProxyState {
	const reduce = reducers[event.type] as (proxy: ProxyState, event: ProxyEvent) => ProxyState;
	return reduce(proxy, event);
}

const reducers: {
	readonly [Type in ProxyEvent['type']]: (proxy: ProxyState, event: Extract<ProxyEvent, {type: Type}>) => ProxyState;
} = {
	set: (proxy, {to}) => ({...proxy, ...to}),
	/** Replaces a request with the same id. */
	exchange(proxy, {exchange}) {
		const at = proxy.exchanges.findIndex(({id}) => id === exchange.id);
		if (at >= 0) {
			return {...proxy, exchanges: proxy.exchanges.with(at, exchange)};
		}

		const exchanges = [...proxy.exchanges.slice(-maxKept + 1), exchange];
		return {...proxy, exchanges, cursor: proxy.listeners.length + exchanges.length - 1};
	},
	listening: (proxy, {listener}) => ({...proxy, listeners: [...proxy.listeners, listener], cursor: proxy.listeners.length}),
	passed: (proxy, {id, request}) => ({
		...proxy,
		listeners: proxy.listeners.map(one =>
			one.id === id ? {...one, requests: one.requests + 1, log: [...one.log.slice(-maxKept + 1), request]} : one,
		),
	}),
	stopped(proxy, {id}) {
		const gone = proxy.listeners.findIndex(one => one.id === id);
		const last = Math.max(0, Math.min(proxy.cursor, proxyRowCount(proxy) - 2));
		return gone < 0
			? proxy
			: {...proxy, listeners: proxy.listeners.toSpliced(gone, 1), cursor: proxy.cursor > gone ? proxy.cursor - 1 : last};
	},
};

export function proxyRowCount({listeners, exchanges}: ProxyState): number {
	return listeners.length + exchanges.length;
}

export function selectedListener({listeners, cursor}: ProxyState): ListenerState | null {
	return listeners[cursor] ?? null;
}

export function selectedExchange({listeners, exchanges, cursor}: ProxyState): ProxyExchange | null {
	return exchanges[cursor - listeners.length] ?? null;
}
