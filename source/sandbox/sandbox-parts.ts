/** What switches and faults act on. */
import type {ControlPlane} from './control-plane.ts';
import type {Kubelet} from './kubelet/kubelet.ts';
import type {FaultyLink} from './network/faulty-link.ts';
import type {ObjectStore} from './objects/object-store.ts';
import type {Tunnels} from './tunnels/tunnels.ts';

export type SandboxParts = {
	store: ObjectStore;
	wire: FaultyLink;
	kubelets: readonly Kubelet[];
	controlPlane: ControlPlane;
	tunnels: Tunnels;
	/** Tells listeners what happened, in a few words. */
	tell(what: string): void;
};
