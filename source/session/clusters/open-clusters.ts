/** Open clusters, which stay open for their streams after a switch: header state, last response, and the flags that select one. */
import type {ApiResponse, ClusterClient, ClusterInfo, SocketFacts, Connection} from '../../cluster/cluster-client.ts';
import {readJsonResponse} from '../../cluster/read-json-response.ts';
import {toSpokeError, type SpokeError} from '../../base/errors/spoke-error.ts';
import {createLabeler, type Label} from '../../evidence/connection-labeler.ts';
import {requirementsOn} from '../../evidence/require-connection.ts';
import type {ClusterState} from '../frame/session-state.ts';
import type {OpenCluster, Session} from '../frame/session.ts';
import {systemClock, type Clock} from '../../base/async/clock.ts';
import {connectionFlags, type ConnectionFlags, hasNoEffect} from '../../base/command-line/connection-flags.ts';
import type {FlagSpec} from '../../base/command-line/flag-spec.ts';
import {quoteForShell} from '../../base/text/escaping.ts';

const versionPath = '/version';
const maxAttempts = 3;
const noAttempts: ClusterState['attempts'] = {count: 0, last: []};

/** A credential plugin can ask the user, for example in a browser. */
export const loginRetryMs = 60_000;

/** A response counts as missing after this time. */
const missedAfterMs = 10_000;

/** Commands name the namespace, secrets must not appear on screen, and -v does not apply. */
const omittedFlags = new Set(['namespace', 'token', 'username', 'password', 'v']);

export class OpenClusters {
	readonly #open = new Map<string, OpenCluster>();
	readonly #opening = new Map<string, Promise<OpenCluster>>();
	readonly #onLabel: (connection: string, label: Label) => void;
	#reaching = new AbortController();

	constructor(onLabel: (connection: string, label: Label) => void) {
		this.#onLabel = onLabel;
	}

	get(context: string): OpenCluster | undefined {
		return this.#open.get(context);
	}

	values(): MapIterator<OpenCluster> {
		return this.#open.values();
	}

	/** Closes the client of a cluster that was opened meanwhile. */
	add(access: ClusterClient): OpenCluster {
		const context = access.facts.context ?? access.facts.server;
		const known = this.#open.get(context);
		if (known) {
			access.close();
			return known;
		}

		const labeler = createLabeler(access);
		labeler.onLabel(this.#onLabel);
		const cluster = {access, labeler, context};
		this.#open.set(context, cluster);
		return cluster;
	}

	/** Opens it once, whoever asks, and shows nothing. */
	async open(context: string, open: () => Promise<ClusterClient>): Promise<OpenCluster> {
		const known = this.#open.get(context);
		if (known) {
			return known;
		}

		const opening = this.#opening.get(context) ?? open().then(access => this.add(access));
		this.#opening.set(context, opening);
		try {
			return await opening;
		} finally {
			this.#opening.delete(context);
		}
	}

	/** The results in the order of `contexts`. Returns `null` when the user chose other contexts meanwhile. */
	async reach(
		contexts: readonly string[],
		open: (context: string) => Promise<ClusterClient>,
	): Promise<ReadonlyArray<PromiseSettledResult<OpenCluster>> | null> {
		this.#reaching.abort();
		this.#reaching = new AbortController();
		const {signal} = this.#reaching;
		const reached = await Promise.allSettled(
			contexts.map(async context => {
				const known = this.#open.get(context);
				if (known) {
					return known;
				}

				const access = await open(context);
				if (signal.aborted) {
					access.close();
				}

				signal.throwIfAborted();
				return this.add(access);
			}),
		);
		return signal.aborted ? null : reached;
	}

	close(): void {
		for (const {access, labeler} of this.values()) {
			labeler.close();
			access.close();
		}
	}
}

/** `namespace`: instead of that of the kubeconfig. */
export function clusterState(access: ClusterClient | null, namespace?: string | null): ClusterState {
	const facts = access?.facts;
	const lastNamespace = namespace ?? facts?.namespace ?? 'default';
	return {
		context: facts?.context ?? facts?.server ?? '',
		server: facts?.server ?? '',
		user: facts?.impersonating ?? facts?.user ?? '',
		version: null,
		sandbox: facts?.sandbox ?? false,
		namespace: namespace === undefined ? lastNamespace : namespace,
		lastNamespace,
		missingNamespace: null,
		proxy: facts?.proxy ?? null,
		legOne: null,
		legOneEnd: null,
		required: access === null ? [] : requirementsOn(access),
		missingPermissions: new Map(),
		reachable: 'not yet',
		asOf: null,
		error: null,
		retryAt: null,
		attempts: noAttempts,
	};
}

/** A context that cannot be opened, because of its file or its credentials. */
export function unopenedClusterState(context: string, error: SpokeError, namespace?: null): ClusterState {
	return {...clusterState(null, namespace), context, reachable: 'no', error: error.toJSON()};
}

/** The next attempt waits, because the plugin may have asked the user. */
export function failedLogin(error: SpokeError): Pick<ClusterState, 'reachable' | 'error' | 'retryAt' | 'attempts'> {
	return {reachable: 'no', error: error.toJSON(), retryAt: Date.now() + loginRetryMs, attempts: {count: 1, last: []}};
}

export function isLoginFailure(code: string | undefined): boolean {
	return code === 'ERR_CREDENTIALS' || code === 'ERR_CREDENTIAL_PLUGIN';
}

/** Runs until a response arrives or `isWanted` turns false. */
export async function waitForCluster(
	access: ClusterClient,
	isWanted: () => boolean,
	update: (to: Partial<ClusterState>) => void,
	delay: (ms: number) => Promise<void>,
): Promise<boolean> {
	let attempts = noAttempts;
	for (let attempt = 1; isWanted(); attempt++) {
		const began = Date.now();
		if (attempt > 1) {
			update({retryAt: began});
		}

		try {
			const answer = await access.request({path: versionPath, timeoutMs: 10_000});
			const {facts} = answer.connection;
			const version = await versionIn(answer, access.facts);
			if (!isWanted()) {
				return false;
			}

			update({reachable: 'yes', error: null, retryAt: null, attempts: noAttempts, version, legOne: firstLegOf(facts)});
			return true;
		} catch (thrown) {
			if (!isWanted()) {
				return false;
			}

			const error = toSpokeError(thrown).toJSON();
			const waitMs = isLoginFailure(error.code) ? loginRetryMs : Math.min(10_000, 1000 * attempt);
			attempts = {
				count: attempt,
				last: [...attempts.last, {time: Date.now(), tookMs: Date.now() - began, text: error.text ?? error.message}].slice(-maxAttempts),
			};
			update({reachable: 'no', error, retryAt: Date.now() + waitMs, attempts});
			await delay(waitMs);
		}
	}

	return false;
}

function firstLegOf({tls, proxy}: SocketFacts): NonNullable<ClusterState['legOne']> {
	const checked = tls?.verified ? 'verified' : 'unverified';
	return {tls: tls === null ? 'plain' : checked, route: proxy === null ? 'direct' : 'proxy'};
}

/** Returns `null` on a refusal, which is a response too. @throws SpokeError for anything else, such as a login page */
async function versionIn(answer: ApiResponse, facts: ClusterInfo): Promise<string | null> {
	if (answer.status !== 200) {
		answer.body.resume();
		return null;
	}

	const response = (await readJsonResponse(answer, {path: versionPath}, {peerName: `the apiserver ${facts.server}`, identity: facts})) as {
		gitVersion?: string;
	} | null;
	return response?.gitVersion ?? null;
}

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

/** Starts with a space, or is empty. */
export function scriptFlags(session: Pick<Session, 'flags' | 'clusters'>, cluster: OpenCluster): string {
	const given = flagsForCluster(session, cluster);
	return connectionFlags
		.filter(row => !hasNoEffect(row))
		.filter(({name}) => !omittedFlags.has(name))
		.flatMap(row => spelled(row, given[row.name]))
		.map(word => ` ${word}`)
		.join('');
}

/** `--cluster` and `--user` are of the context of the flags alone. */
export function flagsForCluster({flags, clusters}: Pick<Session, 'flags' | 'clusters'>, cluster: OpenCluster): ConnectionFlags {
	const [first] = clusters.values();
	const {context} = cluster.access.facts;
	const isFirst = cluster === first && (flags.context === undefined || flags.context === context);
	return isFirst ? flags : {...flags, context: context ?? undefined, cluster: undefined, user: undefined};
}

function spelled(row: FlagSpec, value: boolean | number | string | readonly string[] | undefined): string[] {
	if (typeof value === 'boolean') {
		return value ? [`--${row.name}`] : [];
	}

	return value === undefined || value === row.default
		? []
		: [value].flat().flatMap(one => [`--${row.name}`, quoteForShell(withoutLogin(row, String(one)))]);
}

function withoutLogin({value}: FlagSpec, text: string): string {
	const [scheme] = /^[a-z][a-z\d+.-]*:\/\/|^/i.exec(text)!;
	return value === 'URL' && text.includes('@') ? scheme + text.slice(text.lastIndexOf('@') + 1) : text;
}
