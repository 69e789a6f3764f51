/**
A manual clock, and a cluster that uses it: no timeout ends before the test says so.

```ts
const clock = manualClock();
const cluster = onClock(await server.cluster(), clock);
const labeler = createLabeler(cluster, {clock});
await clock.advance(300);
```
*/
import {setImmediate as turn} from 'node:timers/promises';
import type {ClusterClient, Connection} from '../../source/cluster/cluster-client.ts';
import {responseTimeoutError} from '../../source/cluster/transport/response-body.ts';
import type {Clock} from '../../source/base/async/clock.ts';

export type ManualClock = Clock & {
	/** Calls what is due by then, in order. */
	advance(ms: number): Promise<void>;
	/** Changes `now` without calling anything, as a user sets a machine's clock. */
	setTo(now: number): void;
};

export function manualClock(): ManualClock {
	let now = Date.now();
	let elapsed = 0;
	const waits = new Set<{at: number; work: () => void}>();
	const goOn = (ms: number) => {
		now += ms;
		elapsed += ms;
	};

	return {
		now: () => now,
		elapsed: () => elapsed,
		after(ms, work) {
			const wait = {at: elapsed + ms, work};
			waits.add(wait);
			return () => {
				waits.delete(wait);
			};
		},
		async advance(ms) {
			const end = elapsed + ms;
			for (;;) {
				const [next] = [...waits].filter(({at}) => at <= end).sort((a, b) => a.at - b.at);
				if (!next) {
					break;
				}

				waits.delete(next);
				goOn(next.at - elapsed);
				next.work();
				await turn();
			}

			goOn(end - elapsed);
			await turn();
		},
		setTo(to) {
			now = to;
		},
	};
}

export type ClusterOnClock = ClusterClient & {
	connections(): number;
	/** Resolves when all requests but `silent` are answered and read. */
	quiet(silent?: number): Promise<void>;
};

/** Timeouts of its probes use `clock`. Streams, and probes without a timeout, have their own. */
export function onClock(cluster: ClusterClient, clock: Clock): ClusterOnClock {
	let made = 0;
	let underWay = 0;
	let ended = Promise.withResolvers<void>();
	const counted = async <Answer>(answer: Promise<Answer>): Promise<Answer> => {
		underWay++;
		try {
			return await answer;
		} finally {
			underWay--;
			ended.resolve();
			ended = Promise.withResolvers();
		}
	};

	const onClock = async <Options extends {timeoutMs?: number}, Answer>(
		options: Options,
		ask: (options: Options) => Promise<Answer>,
	): Promise<Answer> => {
		const {timeoutMs = 0} = options;
		if (timeoutMs === 0) {
			return ask(options);
		}

		const ending = new AbortController();
		const callOff = clock.after(timeoutMs, () => {
			ending.abort(responseTimeoutError('the apiserver', timeoutMs));
		});
		try {
			return await counted(ask({...options, timeoutMs: 0, signal: ending.signal}));
		} finally {
			callOff();
		}
	};

	const limited = (connection: Connection): Connection => ({
		id: connection.id,
		facts: connection.facts,
		get usable() {
			return connection.usable;
		},
		pipelined: async options => onClock(options, async options => connection.pipelined(options)),
		request: async options => onClock(options, async options => connection.request(options)),
		upgrade: async options => connection.upgrade(options),
		close() {
			connection.close();
		},
		release() {
			connection.release();
		},
	});
	return {
		...cluster,
		connections: () => made,
		async quiet(silent = 0) {
			for (let turns = 0; turns < 2; turns++) {
				while (underWay > silent) {
					turns = 0;
					await ended.promise;
				}

				await turn();
			}
		},
		async connect(options) {
			made++;
			return limited(await counted(cluster.connect(options)));
		},
		connectAt: async (address, options) => limited(await cluster.connectAt(address, options)),
		request: async options => onClock(options, async options => cluster.request(options)),
	};
}
