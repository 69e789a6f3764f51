/** On which port does a node's kubelet listen, and is it meant by a request to a port of its node? */

export type NodeWithKubelet = {status?: {daemonEndpoints?: {kubeletEndpoint?: {Port?: number}}}};

const defaultKubeletPort = 10_250;

/** The usual one where the node names none: 0 is none, too (pkg/kubelet/client/kubelet_client.go GetConnectionInfo). */
export function kubeletPortOf(node: NodeWithKubelet | null): number {
	return node?.status?.daemonEndpoints?.kubeletEndpoint?.Port || defaultKubeletPort;
}

/** `kubeletPort` is null where the node, which names its kubelet's port, may not be read: then the usual one is taken for it. */
export function targetsKubelet({port, kubeletPort}: {port: number | null; kubeletPort: boolean | null}): boolean {
	return kubeletPort ?? port === defaultKubeletPort;
}
