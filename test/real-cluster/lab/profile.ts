/** What a test can request of a lab. */
import {startBig, type BigSize} from './big.ts';
import {startBalancer, startGateway, startSplitter, type Splitter} from './fronts.ts';
import {startStaticApiserver} from './in-cluster.ts';
import type {Lab} from './lab.ts';
import type {NodeName} from './node.ts';
import {exclusively} from './one-at-a-time.ts';
import {base, type PostureName} from './postures.ts';
import {startOneLease} from './one-lease.ts';
import {startBase, startPosture, startReadyNode} from './start.ts';

export type Profile = {
	postures?: readonly PostureName[];
	nodes?: readonly NodeName[];
	/** Two replicas with different flags behind one address. */
	balancer?: boolean;
	/** The gateway relays to this posture. */
	gateway?: PostureName | undefined;
	/** A gateway whose users have certificates of its own CA relays to this posture. */
	impersonator?: PostureName | undefined;
	/** A gateway with the apiserver's own key relays to this posture. */
	twin?: PostureName | undefined;
	/** Gateways with the apiserver's own key that send streams to another apiserver. */
	splitters?: readonly Splitter[];
	/** Two apiservers of a separate cluster with one host name and so one lease, behind one address. */
	oneLease?: boolean;
	/** A second cluster of objects only. */
	big?: BigSize;
};

/** Starts only what is missing; resolves when all is ready. */
export async function startProfile(
	lab: Lab,
	{postures = [base], nodes = [], balancer, gateway, impersonator, twin, splitters = [], oneLease, big}: Profile,
): Promise<void> {
	await exclusively(lab, async () => {
		await startBase(lab);
		for (const node of nodes) {
			await startReadyNode(lab, node);
		}

		await Promise.all(postures.map(async posture => (posture === 'static-pod' ? startStaticApiserver(lab) : startPosture(lab, posture))));
		if (balancer) {
			await startBalancer(lab);
		}

		for (const [name, posture] of Object.entries({gateway, impersonator, twin})) {
			if (posture) {
				await startGateway(lab, name as 'gateway' | 'impersonator' | 'twin', posture);
			}
		}

		for (const splitter of splitters) {
			await startSplitter(lab, splitter);
		}

		if (oneLease) {
			await startOneLease(lab);
		}

		if (big) {
			await startBig(lab, big);
		}
	});
}
