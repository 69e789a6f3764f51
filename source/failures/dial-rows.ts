/** Words about reaching the far end: plain dials, and the two kinds of tunnel. Measured on Kubernetes 1.36.3 with Konnectivity 0.36.0. */
import type {FailureRow, Frame} from './failure-row.ts';

const dialled: readonly Frame[] = ['log', 'upgrade', 'translated', 'proxy'];
const second = {leg: 2, code: 'ERR_SECOND_LEG'} as const;
const agentRemedy = 'kubectl -n kube-system get pods -l k8s-app=konnectivity-agent (their logs cannot be read through the same tunnel)';
const serverRemedy = 'look at the konnectivity-server beside the apiserver: its process, and the socket that the egress file names';

export const dialRows: readonly FailureRow[] = [
	{id: 'D1', words: /^dial tcp \S+: connect: connection refused$/, frames: dialled, speaker: 'apiserver', ...second, meaning: 'nothing listens at that address and port', remedy: 'is the kubelet running, and is the port of the node or pod right?', proves: {}},
	{id: 'D2', words: /^dial tcp \S+: connect: no route to host$/, frames: dialled, speaker: 'apiserver', ...second, meaning: 'no route to that host, or the host is down', remedy: 'check that the node is up and can be reached from the control plane or the tunnel’s agents', proves: {}},
	{id: 'D3', words: /^dial tcp \S+: (i\/o timeout|connect: connection timed out)$/, frames: dialled, speaker: 'apiserver', ...second, meaning: 'packets to that address are dropped', remedy: 'check firewalls between the control plane (or the tunnel’s agents) and the node', proves: {}},
	{id: 'D4', words: /^(dial tcp: )?lookup \S+( on \S+)?: no such host$/, frames: [...dialled, 'answer'], speaker: 'apiserver', ...second, meaning: 'the node’s name cannot be resolved where the dial is made', remedy: 'kube-apiserver --kubelet-preferred-address-types=InternalIP, or make the name resolvable there', proves: {}},
	{id: 'D5', words: /^no preferred addresses found; known addresses: .*$/, frames: ['answer', 'stream'], speaker: 'apiserver', ...second, meaning: 'the node has no address of a kind that the apiserver may use', remedy: 'compare status.addresses of the node with --kubelet-preferred-address-types', proves: {}},
	// pkg/proxy/util IsProxyableIP: what is no address at all gets the same words.
	{id: 'D6', words: /^address not allowed$/, frames: ['answer'], status: [400], speaker: 'apiserver', ...second, meaning: 'the pod or node has no address yet, or one (loopback, link-local) that the apiserver proxy refuses', remedy: 'see its address: kubectl get pod -o wide, or kubectl get node -o wide; where it runs, use logs, exec or a port-forward', proves: {}},
	{id: 'G1', words: /^No agent available$/, frames: dialled, speaker: 'tunnel', ...second, meaning: 'the apiserver sends node traffic through Konnectivity, and no agent is connected to its proxy server', remedy: agentRemedy, proves: {route: 'konnectivity'}},
	{id: 'G2', words: /^dial timeout, (backstop|context)$/, frames: dialled, speaker: 'tunnel', ...second, meaning: 'a Konnectivity agent is connected and does not answer', remedy: agentRemedy, proves: {route: 'konnectivity'}},
	{id: 'G3', words: /^context deadline exceeded: connection error: desc = "transport: Error while dialing: dial unix \S+: connect: (connection refused|no such file or directory)"$/, frames: dialled, speaker: 'tunnel', ...second, meaning: 'the Konnectivity server beside the apiserver is down', remedy: serverRemedy, proves: {route: 'konnectivity'}},
	{id: 'G4', words: /^(dial closed|tunnel closed|timed out waiting for backend dial)$/, frames: dialled, speaker: 'tunnel', ...second, meaning: 'the Konnectivity tunnel closed while it was dialling', remedy: agentRemedy, proves: {route: 'konnectivity'}},
	{id: 'H1', words: /^proxy error from \S+ while dialing \S+, code 500: 500 Internal Server Error$/, frames: dialled, speaker: 'tunnel', ...second, meaning: 'the egress proxy (HTTP CONNECT) failed: most often no agent is connected', remedy: agentRemedy, proves: {route: 'egress-http-connect'}},
	{id: 'H2', words: /^proxy error from \S+ while dialing \S+, code 50[23]: .+$/, frames: dialled, speaker: 'tunnel', ...second, meaning: 'the egress proxy (HTTP CONNECT) has an agent, and the target refused, has no route or no such name: which one is not told', remedy: 'is the kubelet running, and can the agents reach it?', proves: {route: 'egress-http-connect'}},
	{id: 'H3', words: /^proxy error from \S+ while dialing \S+, code 504: .+$/, frames: dialled, speaker: 'tunnel', ...second, meaning: 'the egress proxy (HTTP CONNECT) has an agent, and packets to the target are dropped', remedy: 'check firewalls between the agents and the node', proves: {route: 'egress-http-connect'}},
	{id: 'H4', words: /^dial unix \S+: connect: (connection refused|no such file or directory)$/, frames: dialled, speaker: 'tunnel', ...second, meaning: 'the egress proxy (HTTP CONNECT) beside the apiserver is down', remedy: serverRemedy, proves: {route: 'egress-http-connect'}},
];
