/** Applies changed switches to the sandbox. */
import type {ControlPlane} from './control-plane.ts';
import type {Kubelet} from './kubelet/kubelet.ts';
import type {FaultyLink} from './network/faulty-link.ts';
import {noop} from './network/join-streams.ts';
import {certificateFor, recordSigningRequests} from './nodes.ts';
import type {ObjectStore} from './objects/object-store.ts';
import {type Posture, switches, type SwitchValues} from './switches.ts';
import {deployAgents, type Tunnels} from './tunnels/tunnels.ts';

export class SandboxSwitches {
	readonly #parts: SandboxParts;
	#values: SwitchValues;
	#lastChange: Promise<void> = Promise.resolve();

	constructor(parts: SandboxParts, posture: Posture) {
		this.#parts = parts;
		this.#values = {...posture, agents: 'running', certificate: 'matching', identity: 'accepted', latency: 0, stall: 'off', retryAfter: 0};
	}

	get(): SwitchValues {
		return {...this.#values};
	}

	async set(change: Partial<SwitchValues>): Promise<void> {
		const applied = this.#lastChange.then(async () => this.#apply(change));
		this.#lastChange = applied.catch(noop);
		await applied;
	}

	async #apply(change: Partial<SwitchValues>): Promise<void> {
		const before = this.#values;
		const after = {...before, ...change};
		const {kubelets, controlPlane, link, tunnels, store, emit} = this.#parts;
		this.#values = after;
		if (certificateFor(after, after.certificate) !== kubelets[0]!.certificate) {
			await Promise.all(kubelets.map(async kubelet => kubelet.serveWith(certificateFor(after, after.certificate))));
		}

		recordSigningRequests(store, kubelets);
		for (const kubelet of kubelets) {
			kubelet.refusesApiserver = after.identity === 'refused';
		}

		if (after.verification !== before.verification || after.route !== before.route) {
			await controlPlane.restart({verification: after.verification, route: after.route});
			emit('the apiserver was restarted with other flags');
		}

		await tunnels.setAgents(after.agents);
		deployAgents(store, tunnels.hasAgents);
		await tunnels.waitForAgents();
		link.latencyMs = after.latency;
		link.stall(after.stall === 'on');
		controlPlane.apiserver.retryAfter = after.retryAfter;
		for (const {name, title, values} of switches) {
			if (after[name] !== before[name]) {
				const labelOf = (value: string | number) => values.find(one => one.value === value)?.label ?? String(value);
				emit(`${title}: ${labelOf(before[name])} → ${labelOf(after[name])}`);
			}
		}
	}
}

export type SandboxParts = {
	store: ObjectStore;
	link: FaultyLink;
	kubelets: readonly Kubelet[];
	controlPlane: ControlPlane;
	tunnels: Tunnels;
	emit(what: string): void;
};
