/** Words about reaching the far end: plain dials, and the two kinds of tunnel. Measured on Kubernetes 1.36.3 with Konnectivity 0.36.0. */
import type {MessageRule, MessageWrapper} from './message-rule.ts';

const dialled: readonly MessageWrapper[] = ['log', 'upgrade', 'translated', 'proxy'];
const second = {leg: 2, code: 'ERR_SECOND_LEG'} as const;
const agentRemedy = 'kubectl -n kube-system get pods -l k8s-app=konnectivity-agent (their logs cannot be read through the same tunnel)';
const serverRemedy = 'look at the konnectivity-server beside the apiserver: its process, and the socket that the egress file names';

export const dialMessages: readonly MessageRule[] = [
	{id: 'D1', pattern: /^dial tcp \S+: connect: connection refused$/, wrappers: dialled, speaker: 'apiserver', ...second, meaning: 'nothing listens at that address and port', remedy: 'is the kubelet running, and is the port of the node or pod right?', proves: {}},
	{id: 'D2', pattern: /^dial tcp \S+: connect: no route to host$/, wrappers: dialled, speaker: 'apiserver', ...second, meaning: 'no route to that host, or the host is down', remedy: 'check that the node is up and can be reached from the control plane or the tunnel’s agents', proves: {}},
	{id: 'D3', pattern: /^dial tcp \S+: (i\/o timeout|connect: connection timed out)$/, wrappers: dialled, speaker: 'apiserver', ...second, meaning: 'packets to that address are dropped', remedy: 'check firewalls between the control plane (or the tunnel’s agents) and the node', proves: {}},
	{id: 'D4', pattern: /^(dial tcp: )?lookup \S+( on \S+)?: no such host$/, wrappers: [...dialled, 'answer'], speaker: 'apiserver', ...second, meaning: 'the node’s name cannot be resolved where the dial is made', remedy: 'kube-apiserver --kubelet-preferred-address-types=InternalIP, or make the name resolvable there', proves: {}},
	{id: 'D5', pattern: /^no preferred addresses found; known addresses: .*$/, wrappers: ['answer', 'stream'], speaker: 'apiserver', ...second, meaning: 'the node has no address of a kind that the apiserver may use', remedy: 'compare status.addresses of the node with --kubelet-preferred-address-types', proves: {}},
	// pkg/proxy/util IsProxyableIP: what is no address at all gets the same words.
	{id: 'D6', pattern: /^address not allowed$/, wrappers: ['answer'], status: [400], speaker: 'apiserver', ...second, meaning: 'the pod or node has no address yet, or one (loopback, link-local) that the apiserver proxy refuses', remedy: 'see its address: kubectl get pod -o wide, or kubectl get node -o wide; where it runs, use logs, exec or a port-forward', proves: {}},
	{id: 'G1', pattern: /^No agent available$/, wrappers: dialled, speaker: 'tunnel', ...second, meaning: 'the apiserver sends node traffic through Konnectivity, and no agent is connected to its proxy server', remedy: agentRemedy, proves: {route: 'konnectivity'}},
	{id: 'G2', pattern: /^dial timeout, (backstop|context)$/, wrappers: dialled, speaker: 'tunnel', ...second, meaning: 'a Konnectivity agent is connected and does not answer', remedy: agentRemedy, proves: {route: 'konnectivity'}},
	{id: 'G3', pattern: /^context deadline exceeded: connection error: desc = "transport: Error while dialing: dial unix \S+: connect: (connection refused|no such file or directory)"$/, wrappers: dialled, speaker: 'tunnel', ...second, meaning: 'the Konnectivity server beside the apiserver is down', remedy: serverRemedy, proves: {route: 'konnectivity'}},
	{id: 'G4', pattern: /^(dial closed|tunnel closed|timed out waiting for backend dial)$/, wrappers: dialled, speaker: 'tunnel', ...second, meaning: 'the Konnectivity tunnel closed while it was dialling', remedy: agentRemedy, proves: {route: 'konnectivity'}},
	{id: 'H1', pattern: /^proxy error from \S+ while dialing \S+, code 500: 500 Internal Server Error$/, wrappers: dialled, speaker: 'tunnel', ...second, meaning: 'the egress proxy (HTTP CONNECT) failed: most often no agent is connected', remedy: agentRemedy, proves: {route: 'egress-http-connect'}},
	{id: 'H2', pattern: /^proxy error from \S+ while dialing \S+, code 50[23]: .+$/, wrappers: dialled, speaker: 'tunnel', ...second, meaning: 'the egress proxy (HTTP CONNECT) has an agent, and the target refused, has no route or no such name: which one is not told', remedy: 'is the kubelet running, and can the agents reach it?', proves: {route: 'egress-http-connect'}},
	{id: 'H3', pattern: /^proxy error from \S+ while dialing \S+, code 504: .+$/, wrappers: dialled, speaker: 'tunnel', ...second, meaning: 'the egress proxy (HTTP CONNECT) has an agent, and packets to the target are dropped', remedy: 'check firewalls between the agents and the node', proves: {route: 'egress-http-connect'}},
	{id: 'H4', pattern: /^dial unix \S+: connect: (connection refused|no such file or directory)$/, wrappers: dialled, speaker: 'tunnel', ...second, meaning: 'the egress proxy (HTTP CONNECT) beside the apiserver is down', remedy: serverRemedy, proves: {route: 'egress-http-connect'}},
];
