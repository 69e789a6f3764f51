/** Open clusters and the current one. A cluster stays open for its streams after a switch. */
import type {ClusterClient} from '../../cluster/cluster-client.ts';
import type {Path} from '../../evidence/evidence.ts';
import {createLabeler} from '../../evidence/connection-labeler.ts';
import type {OpenCluster} from '../frame/session.ts';

export class OpenClusters {
	readonly #open = new Map<string, OpenCluster>();
	readonly #opening = new Map<string, Promise<OpenCluster>>();
	readonly #onLabel: (connection: string, path: Path) => void;
	#here: OpenCluster | null = null;
	#reached = 0;

	constructor(onLabel: (connection: string, path: Path) => void) {
		this.#onLabel = onLabel;
	}

	/** Set from the first `show` on. */
	get here(): OpenCluster {
		return this.#here!;
	}

	get(context: string): OpenCluster | undefined {
		return this.#open.get(context);
	}

	values(): MapIterator<OpenCluster> {
		return this.#open.values();
	}

	show(cluster: OpenCluster): void {
		this.#here = cluster;
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

	/** Returns `null` when the user chose another context meanwhile. */
	async reach(context: string, open: () => Promise<ClusterClient>): Promise<OpenCluster | null> {
		this.#reached++;
		const own = this.#reached;
		const known = this.#open.get(context);
		if (known) {
			return known;
		}

		const access = await open();
		if (own !== this.#reached) {
			access.close();
			return null;
		}

		return this.add(access);
	}

	close(): void {
		for (const {access, labeler} of this.values()) {
			labeler.close();
			access.close();
		}
	}
}
