/** Who answers on a connection that was read: its own answers and what was read beside it, as the rule of the front asks for them. */
import type {Connection} from '../cluster/connection.ts';
import type {ConnectionReadings} from './connection-readings.ts';
import type {FrontFacts} from './evidence.ts';
import {frontOf} from './rules/front.ts';
import {authorityClosed, type SharedReadings} from './shared-readings.ts';

/** `server` is the URL as configured. */
export function frontMet(
	{facts}: Pick<Connection, 'facts'>,
	server: string,
	{flags, user, foreignHeaders}: ConnectionReadings,
	{authority, gatewaySeen, mirrorPods, replicas, closed}: SharedReadings,
): FrontFacts {
	return frontOf({
		socket: facts,
		serverPath: pathOf(server),
		authority,
		authorityClosed: authorityClosed(closed),
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
