/** Parts of a sandbox that switches and faults change. */
import type {ControlPlane} from './control-plane.ts';
import type {Kubelet} from './kubelet/kubelet.ts';
import type {FaultyLink} from './network/faulty-link.ts';
import type {ObjectStore} from './objects/object-store.ts';
import type {Tunnels} from './tunnels/tunnels.ts';

export type SandboxParts = {
	store: ObjectStore;
	link: FaultyLink;
	kubelets: readonly Kubelet[];
	controlPlane: ControlPlane;
	tunnels: Tunnels;
	/** Reports a change to the listeners. */
	emit(what: string): void;
};
