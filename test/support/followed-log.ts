/** What a follow of a LogServer's pods has told. */
import type {ClusterClient} from '../../source/cluster/cluster-client.ts';
import {followLogs, type FollowLogsOptions} from '../../source/streams/logs/follow-logs.ts';
import type {LogEvent} from '../../source/streams/logs/log-events.ts';
import type {LogServer} from './log-server.ts';

export class Followed {
	text = '';
	readonly events: LogEvent[] = [];

	of<Type extends LogEvent['type']>(type: Type): Array<Extract<LogEvent, {type: Type}>> {
		return this.events.filter((event): event is Extract<LogEvent, {type: Type}> => event.type === type);
	}

	get gaps(): string[] {
		return this.of('gap').map(({reason}) => reason);
	}

	/** Types, gaps with their reasons, and whether a resume is proven. */
	get story(): string[] {
		return this.events.map(event =>
			event.type === 'gap' ? `gap ${event.reason}` : event.type === 'resumed' ? `resumed ${event.proven}` : event.type,
		);
	}
}

/** The follow stops when it returns true. */
export type OnLogEvent = (event: LogEvent, followed: Followed) => unknown;

/** Follows the pods that are there, unless `targets` names others, until they are done. */
export async function followServer(
	server: LogServer,
	cluster: ClusterClient,
	on: OnLogEvent = () => false,
	{targets, ...options}: Partial<FollowLogsOptions> & {targets?: Parameters<typeof followLogs>[1]} = {},
): Promise<Followed> {
	const followed = new Followed();
	const stop = new AbortController();
	const signal = AbortSignal.any([stop.signal, AbortSignal.timeout(120_000)]);
	const pods = [...server.pods.values()].map(({object}) => object);
	for await (const event of followLogs(cluster, targets ?? {kind: 'pods', pods}, {
		asked: 'w',
		containers: {kind: 'default'},
		start: {},
		signal,
		...options,
	})) {
		followed.events.push(event);
		if (event.type === 'lines') {
			followed.text += event.bytes.toString('latin1');
		}

		if ((await on(event, followed)) === true) {
			stop.abort();
		}
	}

	return followed;
}
