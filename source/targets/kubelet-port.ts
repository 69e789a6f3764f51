/** The kubelet's port of a node. */
import type {CheckedObject} from '../cluster/object-shapes.ts';

export type NodeWithKubelet = Pick<CheckedObject<'nodes'>, 'status'>;

const defaultKubeletPort = 10_250;

/** The default if none or 0 (pkg/kubelet/client/kubelet_client.go GetConnectionInfo). */
export function kubeletPortOf(node: NodeWithKubelet | null): number {
	return node?.status?.daemonEndpoints?.kubeletEndpoint?.Port || defaultKubeletPort;
}

/** Assumes the default port if the node cannot be read. */
export function targetsKubelet({port, kubeletPort}: {port: number | null; kubeletPort: boolean | null}): boolean {
	return kubeletPort ?? port === defaultKubeletPort;
}
