/** Open clusters, which stay open for their streams after a switch, and the header state of each. */
import type {ApiResponse, ClusterClient, ClusterInfo, SocketFacts} from '../../cluster/cluster-client.ts';
import {readJsonResponse} from '../../cluster/read-json-response.ts';
import {toSpokeError, type SpokeError} from '../../errors/spoke-error.ts';
import {createLabeler, type Label} from '../../evidence/connection-labeler.ts';
import {requirementsOn} from '../../evidence/require-connection.ts';
import type {ClusterState} from '../frame/session-state.ts';
import type {OpenCluster} from '../frame/session.ts';

const versionPath = '/version';
const maxAttempts = 3;
const noAttempts: ClusterState['attempts'] = {count: 0, last: []};

/** A credential plugin can ask the user, for example in a browser. */
export const loginRetryMs = 60_000;

export class OpenClusters {
	readonly #open = new Map<string, OpenCluster>();
	readonly #opening = new Map<string, Promise<OpenCluster>>();
	readonly #onLabel: (connection: string, label: Label) => void;
	#reached = 0;

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
		this.#reached++;
		const own = this.#reached;
		const reached = await Promise.allSettled(
			contexts.map(async context => {
				const known = this.#open.get(context);
				if (known) {
					return known;
				}

				const access = await open(context);
				if (own === this.#reached) {
					return this.add(access);
				}

				access.close();
				return null;
			}),
		);
		const isWanted = reached.every(
			(result): result is PromiseSettledResult<OpenCluster> => result.status === 'rejected' || result.value !== null,
		);
		return own === this.#reached && isWanted ? reached : null;
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
		replicas: null,
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
