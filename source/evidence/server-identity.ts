/** Who answers on a connection that was read: its own answers and what was read beside it, as the rule of the front asks for them. */
import type {Connection} from '../cluster/connection.ts';
import type {ConnectionObservations} from './connection-observations.ts';
import type {ServerIdentity} from './evidence.ts';
import {identifyServer} from './rules/server-identity.ts';
import {caUnavailableReason, type ClusterObservations} from './cluster-observations.ts';

/** `server` is the URL as configured. */
export function identifyObservedServer(
	{facts}: Pick<Connection, 'facts'>,
	server: string,
	{flags, user, foreignHeaders}: ConnectionObservations,
	{ca, gatewaySeen, mirrorPods, replicas, unavailable}: ClusterObservations,
): ServerIdentity {
	return identifyServer({
		socket: facts,
		serverPath: pathOf(server),
		ca,
		caUnavailableReason: caUnavailableReason(unavailable),
		foreignHeaders,
		gatewaySeen,
		user,
		flags,
		mirrorPods,
		replicas: replicas?.facts ?? null,
	});
}

/** The prefix under which a server has its API, as a gateway's. */
function pathOf(server: string): string {
	return /^[a-z]+:\/\/[^/]+(\/.+)$/.exec(server)?.[1] ?? '/';
}
