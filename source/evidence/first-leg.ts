/** Leg 1 of a request to the apiserver itself, such as a list. */
import type {ClusterClient, ApiResponse} from '../cluster/cluster-client.ts';
import {buildObservations, noActiveObservations} from './build-observations.ts';
import {buildPath} from './build-path.ts';
import {noClusterObservations} from './cluster-observations.ts';
import {noConnectionObservations, socketObservation} from './connection-observations.ts';
import type {Path} from './evidence.ts';
import {noTarget} from './no-target.ts';
import {formatPathLine} from './path-line.ts';

/** A path that ends at the apiserver: `legs` has leg 1 only. */
type ApiserverPath = Pick<Path, 'cluster' | 'legs' | 'evidence' | 'line'>;

/** Decided by the socket on which the response came; nothing else is read. */
export function apiserverPath(cluster: ClusterClient, connection: ApiResponse['connection']): ApiserverPath {
	const examined = {
		own: {...noConnectionObservations, socket: socketObservation(connection)},
		others: [],
		unreachedAddresses: [],
		shared: noClusterObservations,
		metrics: null,
		active: noActiveObservations,
	};
	const purpose = {feature: 'logs', target: noTarget, request: null} as const;
	const path = buildPath(buildObservations(cluster, examined, {purpose, scope: 'this-connection'}), {
		cluster: cluster.facts,
		phase: 'settled',
		address: null,
		rttMs: {websocket: null, runtime: null},
		error: null,
	});
	const legs = path.legs.slice(0, 1);
	const cited = new Set(legs.flatMap(({tls, route}) => [...tls.evidence, ...route.evidence]));
	return {
		cluster: path.cluster,
		legs,
		evidence: path.evidence.filter(({id}) => cited.has(id)),
		line: formatPathLine({...path, legs}),
	};
}
