/** Last response of an apiserver that stopped responding. Sends no request. */
import {systemClock, type Clock} from '../../async/clock.ts';
import type {ClusterClient, Connection} from '../../cluster/cluster-client.ts';
import {toSpokeError, type SpokeError} from '../../errors/spoke-error.ts';

/** A response counts as missing after this time. */
const missedAfterMs = 10_000;

export function trackResponses(access: ClusterClient, clock: Clock = systemClock): ClusterClient {
	const answers = access.records.of(Answers, () => new Answers(clock));
	return {
		...access,
		async connect(options) {
			const requestedAt = clock.now();
			// A hung process still accepts TCP connections, so only a new TLS handshake counts.
			const isAnswer = ({facts}: Connection) => facts.tls !== null && Date.parse(facts.connectedAt) >= requestedAt;
			return notedConnection(await answers.to(async () => access.connect(options), isAnswer), answers);
		},
		request: async options => answers.to(async () => access.request(options)),
		json: async <T>(options: Parameters<ClusterClient['json']>[0]) => answers.to(async () => access.json<T>(options)),
	};
}

/** Milliseconds since 1970; `null` while the apiserver responds, or if unknown. */
export function lastResponseTime({records}: Pick<ClusterClient, 'records'>): number | null {
	return records.of(Answers, () => new Answers(systemClock)).last;
}

/** Upgrades are not tracked, because a kubelet may answer them. */
function notedConnection(connection: Connection, answers: Answers): Connection {
	return {
		id: connection.id,
		facts: connection.facts,
		get usable() {
			return connection.usable;
		},
		pipelined: async options => answers.to(async () => connection.pipelined(options)),
		request: async options => answers.to(async () => connection.request(options)),
		upgrade: async options => connection.upgrade(options),
		close() {
			connection.close();
		},
		release() {
			connection.release();
		},
	};
}

class Answers {
	readonly #clock: Clock;
	/** Wall clock and monotonic time. */
	#last: {now: number; elapsed: number} | null = null;
	readonly #asked = new Set<{at: number}>();
	/** Start of the first request that failed since the last response. */
	#failedAt: number | null = null;

	constructor(clock: Clock) {
		this.#clock = clock;
	}

	/** The apiserver responded since, so older requests may take their time. */
	get last(): number | null {
		const last = this.#last;
		if (last === null) {
			return null;
		}

		const waiting = [...this.#asked].map(({at}) => at).filter(at => at >= last.elapsed);
		const since = Math.min(this.#failedAt ?? Infinity, ...waiting);
		return this.#clock.elapsed() - since > missedAfterMs ? last.now : null;
	}

	async to<Answer>(ask: () => Promise<Answer>, isAnswer: (answer: Answer) => boolean = () => true): Promise<Answer> {
		const asked = {at: this.#clock.elapsed()};
		this.#asked.add(asked);
		try {
			const answer = await ask();
			if (isAnswer(answer)) {
				this.#heard();
			}

			return answer;
		} catch (thrown) {
			this.#failed(asked.at, toSpokeError(thrown));
			throw thrown;
		} finally {
			this.#asked.delete(asked);
		}
	}

	#heard(): void {
		this.#last = {now: this.#clock.now(), elapsed: this.#clock.elapsed()};
		this.#failedAt = null;
	}

	/** Local failures and cancellations do not count. A refusal is a response. */
	#failed(requestedAt: number, {code, leg}: SpokeError): void {
		if (code === 'ERR_APISERVER_UNREACHABLE' || code === 'ERR_APISERVER_TIMEOUT' || code === 'ERR_APISERVER_TLS') {
			this.#failedAt = requestedAt >= (this.#last?.elapsed ?? 0) ? (this.#failedAt ?? requestedAt) : this.#failedAt;
		} else if (leg !== 0) {
			this.#heard();
		}
	}
}
