/** When did an apiserver answer last, where it has left our requests unanswered since? No request is made for this. */
import type {ClusterClient} from '../../cluster/cluster-client.ts';
import type {Connection} from '../../cluster/connection.ts';
import {toSpokeError, type SpokeError} from '../../errors/spoke-error.ts';
import {systemClock, type Clock} from '../../evidence/clock.ts';

/** A request may take so long before its answer is missed, milliseconds. */
const missedAfterMs = 10_000;

const answersOf = new WeakMap<ClusterClient, Answers>();

/** The same way to a cluster, whose answers are noted. */
export function trackResponses(access: ClusterClient, clock: Clock = systemClock): ClusterClient {
	const answers = new Answers(clock);
	const all: ClusterClient = {
		...access,
		async connect(options) {
			const askedAt = clock.now();
			// A handshake is an answer; one that was made before, and a TCP connection, which a process that stands still accepts as well, are none.
			const isAnswer = ({facts}: Connection) => facts.tls !== null && Date.parse(facts.connectedAt) >= askedAt;
			return notedConnection(await answers.to(async () => access.connect(options), isAnswer), answers);
		},
		request: async options => answers.to(async () => access.request(options)),
		json: async <T>(options: Parameters<ClusterClient['json']>[0]) => answers.to(async () => access.json<T>(options)),
	};
	answersOf.set(all, answers);
	return all;
}

/** Milliseconds since 1970; `null` while it answers, before its first answer, and of what is not `noted`. */
export function lastResponseTime(access: ClusterClient): number | null {
	return answersOf.get(access)?.last ?? null;
}

/** An upgrade is not waited for here: who answers it may be a kubelet. */
function notedConnection(connection: Connection, answers: Answers): Connection {
	return {
		id: connection.id,
		facts: connection.facts,
		get usable() {
			return connection.usable;
		},
		pipelinedGet: async options => answers.to(async () => connection.pipelinedGet(options)),
		request: async options => answers.to(async () => connection.request(options)),
		upgrade: async options => connection.upgrade(options),
		close() {
			connection.close();
		},
	};
}

class Answers {
	readonly #clock: Clock;
	/** Of the last answer: the time of day, and the time that only goes on. */
	#last: {now: number; elapsed: number} | null = null;
	readonly #asked = new Set<{at: number}>();
	/** When the first was asked of those that failed without an answer since the last one. */
	#failedAt: number | null = null;

	constructor(clock: Clock) {
		this.#clock = clock;
	}

	/** What was asked before the last answer may take its time: the apiserver is there. */
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

	/** A refusal is an answer; what failed here, or was called off, is none and misses none. */
	#failed(askedAt: number, {code, leg}: SpokeError): void {
		if (code === 'ERR_APISERVER_UNREACHABLE' || code === 'ERR_APISERVER_TIMEOUT' || code === 'ERR_APISERVER_TLS') {
			this.#failedAt = askedAt >= (this.#last?.elapsed ?? 0) ? (this.#failedAt ?? askedAt) : this.#failedAt;
		} else if (leg !== 0) {
			this.#heard();
		}
	}
}
