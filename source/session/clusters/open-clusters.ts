/** Open clusters. A cluster stays open for its streams after a switch. */
import type {ClusterClient} from '../../cluster/cluster-client.ts';
import {createLabeler, type Label} from '../../evidence/connection-labeler.ts';
import type {OpenCluster} from '../frame/session.ts';

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
