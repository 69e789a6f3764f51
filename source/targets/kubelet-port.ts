/** The kubelet's port of a node. */
import type {CheckedObject} from '../cluster/object-shapes.ts';

export type NodeWithKubelet = Pick<CheckedObject<'nodes'>, 'status'>;

const defaultKubeletPort = 10_250;

/** The default if none or 0 (pkg/kubelet/client/kubelet_client.go GetConnectionInfo). */
export function kubeletPortOf(node: NodeWithKubelet | null): number {
	return node?.status?.daemonEndpoints?.kubeletEndpoint?.Port || defaultKubeletPort;
}

/** `kubeletPort`: whether the port is the kubelet's; `null` if the node cannot be read, which leaves only the default port. */
export function targetsKubelet({port, kubeletPort}: {port: number | null; kubeletPort: boolean | null}): boolean {
	const isDefaultPort = port === defaultKubeletPort;
	return kubeletPort ?? isDefaultPort;
}
