/** Holds the values of all switches, and makes them true. */
import {certificateFor, recordServingRequests} from './nodes.ts';
import type {Posture} from './posture.ts';
import type {SandboxParts} from './sandbox-parts.ts';
import {deployAgents} from './tunnels/agent-pods.ts';
import {switches, type SwitchValues} from './switches.ts';
import {noop} from './network/noop.ts';

export class SandboxSwitches {
	readonly #parts: SandboxParts;
	#values: SwitchValues;
	#turn: Promise<void> = Promise.resolve();

	constructor(parts: SandboxParts, posture: Posture) {
		this.#parts = parts;
		this.#values = {...posture, agents: 'running', certificate: 'fitting', identity: 'accepted', latency: 0, stall: 'off', retryAfter: 0};
	}

	get(): SwitchValues {
		return {...this.#values};
	}

	/** One change after the other, each whole before the next begins. */
	async set(change: Partial<SwitchValues>): Promise<void> {
		const turn = this.#turn.then(async () => this.#apply(change));
		this.#turn = turn.catch(noop);
		await turn;
	}

	async #apply(change: Partial<SwitchValues>): Promise<void> {
		const before = this.#values;
		const after = {...before, ...change};
		const {kubelets, controlPlane, wire, tunnels, store, tell} = this.#parts;
		this.#values = after;
		if (certificateFor(after, after.certificate) !== kubelets[0]!.certificate) {
			await Promise.all(kubelets.map(async kubelet => kubelet.serveWith(certificateFor(after, after.certificate))));
		}

		recordServingRequests(store, kubelets);
		for (const kubelet of kubelets) {
			kubelet.refusesApiserver = after.identity === 'refused';
		}

		if (after.verification !== before.verification || after.route !== before.route) {
			await controlPlane.restart({verification: after.verification, route: after.route});
			tell('the apiserver was restarted with other flags');
		}

		await tunnels.setAgents(after.agents);
		deployAgents(store, tunnels.hasAgents);
		await tunnels.settled();
		wire.latencyMs = after.latency;
		wire.stall(after.stall === 'on');
		controlPlane.apiserver.retryAfter = after.retryAfter;
		for (const {name, title, values} of switches) {
			if (after[name] !== before[name]) {
				const shown = (value: string | number) => values.find(one => one.value === value)?.word ?? String(value);
				tell(`${title}: ${shown(before[name])} → ${shown(after[name])}`);
			}
		}
	}
}
