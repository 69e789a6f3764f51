/** Work that continues after the action that started it, by id. */
import type {SandboxRun} from '../sandbox/sandbox-handlers.ts';
import type {TailRun} from '../tail/tail-run.ts';

/** `stop` may return a promise. */
type Stoppable = {stop(): unknown};
type WorkKinds = {
	tail: TailRun;
	forward: Stoppable;
	listener: Stoppable;
	request: Stoppable;
	copy: Stoppable;
	/** `reason`: what follows `stopped`. */
	'node-check': {stop(reason?: string): unknown};
	sandbox: SandboxRun;
};
type Work = {readonly kind: keyof WorkKinds; readonly run: Stoppable};

export class RunningWork {
	readonly #running = new Map<string, Work>();

	/** Returns a function to call when the work has ended by itself. */
	start<Kind extends keyof WorkKinds>(kind: Kind, id: string, run: WorkKinds[Kind]): () => void {
		const work = {kind, run};
		this.#running.set(id, work);
		return () => {
			this.#forget(id, work);
		};
	}

	get<Kind extends keyof WorkKinds>(kind: Kind, id: string | undefined): WorkKinds[Kind] | undefined {
		const work = id === undefined ? undefined : this.#running.get(id);
		return work?.kind === kind ? (work.run as WorkKinds[Kind]) : undefined;
	}

	list<Kind extends keyof WorkKinds>(kind: Kind): ReadonlyArray<{id: string; run: WorkKinds[Kind]}> {
		return [...this.#running].filter(([, work]) => work.kind === kind).map(([id, work]) => ({id, run: work.run as WorkKinds[Kind]}));
	}

	/**
	Ends the work, and what replaced it meanwhile; at once if `stop` returns no promise. `then` runs before other callers continue, so that
	two keys pressed in quick succession act in order.
	*/
	async end(id: string, then: () => void = () => {}): Promise<void> {
		for (let work = this.#running.get(id); work; work = this.#running.get(id)) {
			const stopping = work.run.stop();
			if (stopping instanceof Promise) {
				await stopping;
			}

			this.#forget(id, work);
		}

		then();
	}

	async endAll(): Promise<void> {
		await Promise.all([...this.#running.keys()].map(async id => this.end(id)));
	}

	#forget(id: string, work: Work): void {
		if (this.#running.get(id) === work) {
			this.#running.delete(id);
		}
	}
}
