/** Leg 1, you → apiserver, from the socket alone. */
import type {Observations, RouteState, RuleVerdict, TlsState} from '../evidence.ts';
import {cite, unknownVerdict, verdictOn} from './claims.ts';
import {hostOf} from './end-address.ts';

/** Verified only if the socket checked chain and name. Always proven, since it is spoke's own socket. */
export function firstLegTls(observations: Observations): RuleVerdict<TlsState> {
	const {socket} = observations;
	if (!socket) {
		return unknownVerdict([], 'no connection was made');
	}

	const {facts} = socket;
	const verdict = (state: TlsState, rule: string, observed: string) =>
		verdictOn({state, citations: [cite(observations, socket, rule, observed)]});
	if (!facts.tls) {
		return verdict('plain', 'socket-without-tls', `scheme ${facts.scheme}, no TLS on the socket`);
	}

	const {protocol, verified, skippedBy, trust, serverName} = facts.tls;
	return verified
		? verdict(
				'verified',
				'socket-verified',
				`${protocol}, checked with ${trust === 'kubeconfig-ca' ? 'the kubeconfig’s CA' : 'the system’s roots'} for ${serverName ?? hostOf(facts.server)}`,
			)
		: verdict('unverified', 'socket-not-verified', `${protocol}, certificate not verified${skippedBy ? ` (${skippedBy})` : ''}`);
}

export function firstLegRoute(observations: Observations): RuleVerdict<RouteState> & {via: string | null} {
	const {socket} = observations;
	if (!socket) {
		return {...unknownVerdict([], 'no connection was made'), via: null};
	}

	const {proxy, remoteAddress} = socket.facts;
	const verdict = (state: RouteState, rule: string, observed: string) =>
		verdictOn({state, citations: [cite(observations, socket, rule, observed)]});
	return proxy
		? {...verdict('proxy', 'socket-through-proxy', `connected to ${proxy.url}, set by ${proxy.from}`), via: proxy.url}
		: {...verdict('direct', 'socket-direct', `connected to ${remoteAddress ?? 'the server'}, no proxy set`), via: null};
}
