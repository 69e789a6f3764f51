/** The server identity of one connection. */
import type {Connection} from '../cluster/connection.ts';
import type {ConnectionObservations} from './connection-observations.ts';
import type {ServerIdentity} from './evidence.ts';
import {identifyServer} from './rules/server-identity.ts';
import {caUnavailableReason, type ClusterObservations} from './cluster-observations.ts';

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

function pathOf(server: string): string {
	return /^[a-z]+:\/\/[^/]+(\/.+)$/.exec(server)?.[1] ?? '/';
}
