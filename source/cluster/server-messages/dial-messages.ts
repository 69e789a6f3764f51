/**
Messages about dialing the far end. Recorded on Kubernetes 1.36.3, Konnectivity 0.36.0; H5 and H6 are read from its source.
@see https://github.com/kubernetes/kubernetes/blob/v1.38.0-beta.0/staging/src/k8s.io/apiserver/pkg/server/egressselector/egress_selector.go
*/
import type {MessageRule, MessageWrapper} from './unwrap-message.ts';

const dialWrappers: readonly MessageWrapper[] = ['log', 'upgrade', 'translated', 'proxy'];
const leg2 = {leg: 2, code: 'ERR_SECOND_LEG'} as const;
const refused = /^dial tcp \S+: connect: connection refused$/;
const agentRemedy = 'kubectl -n kube-system get pods -l k8s-app=konnectivity-agent; their logs cannot be read through the same tunnel';
const serverRemedy =
	'check the konnectivity-server next to the apiserver: its process, and the socket named in the egress selector configuration';

const egressRemedy =
	'check the egress proxy: its process next to the apiserver, the address or socket named in the egress selector configuration, and its agents';

export const dialMessages: readonly MessageRule[] = [
	{
		id: 'D1',
		pattern: refused,
		wrappers: ['log', 'upgrade', 'translated'],
		speaker: 'apiserver',
		...leg2,
		meaning: 'nothing listens on that address and port',
		remedy: 'check that the kubelet of the node runs: `kubectl get node`',
		proves: {},
	},
	{
		id: 'D1',
		pattern: refused,
		wrappers: ['proxy'],
		speaker: 'apiserver',
		...leg2,
		meaning: 'nothing listens on that address and port',
		remedy: 'check the port that you named; for a kubelet, see `kubectl get node`',
		proves: {},
	},
	{
		id: 'D2',
		pattern: /^dial tcp \S+: connect: no route to host$/,
		wrappers: dialWrappers,
		speaker: 'apiserver',
		...leg2,
		meaning: 'no route to that host, or the host is down',
		remedy: 'check that the node is up and reachable from the control plane or the tunnel’s agents',
		proves: {},
	},
	{
		id: 'D3',
		pattern: /^dial tcp \S+: (i\/o timeout|connect: connection timed out)$/,
		wrappers: dialWrappers,
		speaker: 'apiserver',
		...leg2,
		meaning: 'packets to that address are dropped',
		remedy: 'check firewalls between the control plane (or the tunnel’s agents) and the node',
		proves: {},
	},
	{
		id: 'D4',
		pattern: /^(dial tcp: )?lookup \S+( on \S+)?: no such host$/,
		wrappers: [...dialWrappers, 'answer'],
		speaker: 'apiserver',
		...leg2,
		meaning: 'the node’s name does not resolve where the connection is made',
		remedy: 'set kube-apiserver --kubelet-preferred-address-types=InternalIP, or make the name resolvable there',
		proves: {},
	},
	{
		id: 'D5',
		pattern: /^no preferred addresses found; known addresses: .*$/,
		wrappers: ['answer', 'stream'],
		speaker: 'apiserver',
		...leg2,
		meaning: 'the node has no address of a type that the apiserver is configured to use',
		remedy: 'compare status.addresses of the node with kube-apiserver --kubelet-preferred-address-types',
		proves: {},
	},
	// pkg/proxy/util IsProxyableIP returns the same message for an empty address.
	{
		id: 'D6',
		pattern: /^address not allowed$/,
		wrappers: ['answer'],
		status: [400],
		speaker: 'apiserver',
		...leg2,
		meaning: 'the pod or node has no address yet, or one (loopback, link-local) that the apiserver proxy refuses',
		remedy: 'check its address: kubectl get pod -o wide, or kubectl get node -o wide; if it is running, use logs, exec or port-forward',
		proves: {},
	},
	{
		id: 'G1',
		pattern: /^No agent available$/,
		wrappers: dialWrappers,
		speaker: 'tunnel',
		...leg2,
		meaning: 'the apiserver sends node traffic through Konnectivity, whose server has no agent for this connection',
		remedy: agentRemedy,
		proves: {route: 'konnectivity'},
	},
	{
		id: 'G2',
		pattern: /^dial timeout, (backstop|context)$/,
		wrappers: dialWrappers,
		speaker: 'tunnel',
		...leg2,
		meaning: 'a Konnectivity agent is connected but does not respond',
		remedy: agentRemedy,
		proves: {route: 'konnectivity'},
	},
	{
		id: 'G3',
		pattern:
			/^context deadline exceeded: connection error: desc = "transport: Error while dialing: dial unix \S+: connect: (connection refused|no such file or directory)"$/,
		wrappers: dialWrappers,
		speaker: 'tunnel',
		...leg2,
		meaning: 'the Konnectivity server next to the apiserver is down',
		remedy: serverRemedy,
		proves: {route: 'konnectivity'},
	},
	{
		id: 'G4',
		pattern: /^(dial closed|tunnel closed|timed out waiting for backend dial)$/,
		wrappers: dialWrappers,
		speaker: 'tunnel',
		...leg2,
		meaning: 'the Konnectivity tunnel closed while connecting',
		remedy: agentRemedy,
		proves: {route: 'konnectivity'},
	},
	{
		id: 'H1',
		pattern: /^proxy error from \S+ while dialing \S+, code 500: 500 Internal Server Error$/,
		wrappers: dialWrappers,
		speaker: 'tunnel',
		...leg2,
		meaning: 'the egress proxy (HTTP CONNECT) failed: with Konnectivity, usually no agent is connected',
		remedy: agentRemedy,
		proves: {route: 'egress-http-connect'},
	},
	// k3s and RKE2 also respond 502 when the node has no session (pkg/daemons/control/tunnel.go serveConnect).
	{
		id: 'H2',
		pattern: /^proxy error from \S+ while dialing \S+, code 50[23]: 50[23]( [\w ,.'()-]*)?$/,
		wrappers: dialWrappers,
		speaker: 'tunnel',
		...leg2,
		meaning: 'the egress proxy (HTTP CONNECT) could not reach the target, and does not say why',
		remedy: 'check whether the node is down, or on k3s and RKE2, its k3s-agent or rke2-agent is not connected: see `kubectl get node`',
		proves: {route: 'egress-http-connect'},
	},
	{
		id: 'H3',
		pattern: /^proxy error from \S+ while dialing \S+, code 504: 504( [\w ,.'()-]*)?$/,
		wrappers: dialWrappers,
		speaker: 'tunnel',
		...leg2,
		meaning: 'the egress proxy (HTTP CONNECT) reached an agent, but packets to the target are dropped',
		remedy: 'check firewalls between the agents and the node',
		proves: {route: 'egress-http-connect'},
	},
	{
		id: 'H4',
		pattern: /^dial unix \S+: connect: (connection refused|no such file or directory)$/,
		wrappers: dialWrappers,
		speaker: 'tunnel',
		...leg2,
		meaning: 'the egress proxy (HTTP CONNECT) next to the apiserver is down',
		remedy: serverRemedy,
		proves: {route: 'egress-http-connect'},
	},
	// Since 1.38. Before that, a CONNECT without a response had no limit.
	{
		id: 'H5',
		pattern: /^proxy CONNECT to \S+ failed: (?:[^"]|"[^"]*"(?!:))+$/,
		wrappers: dialWrappers,
		speaker: 'tunnel',
		...leg2,
		meaning: 'the egress proxy (HTTP CONNECT) did not respond in time: it or its agent hangs',
		remedy: egressRemedy,
		proves: {route: 'egress-http-connect'},
	},
	// The first form since 1.38.
	{
		id: 'H6',
		pattern:
			/^(writing CONNECT to \S+ via proxy \S+ failed: (?:[^"]|"[^"]*"(?!:))+|reading HTTP response from CONNECT to \S+ via proxy \S+ failed: (?:[^"]|"[^"]*"(?!:))+|unexpected \d+ bytes of buffered data from CONNECT proxy "[^"]+")$/,
		wrappers: dialWrappers,
		speaker: 'tunnel',
		...leg2,
		meaning: 'the egress proxy (HTTP CONNECT) closed the connection, or did not respond as an HTTP proxy does',
		remedy: egressRemedy,
		proves: {route: 'egress-http-connect'},
	},
	// Any other response, as from the proxy of k3s, RKE2 or Gardener.
	{
		id: 'H7',
		pattern: /^proxy error from \S+ while dialing \S+, code (?!50[0234]:)\d+: \d+( [\w ,.'()-]*)?$/,
		wrappers: dialWrappers,
		speaker: 'tunnel',
		...leg2,
		meaning: 'the egress proxy (HTTP CONNECT) rejected the request of the apiserver',
		remedy: egressRemedy,
		proves: {route: 'egress-http-connect'},
	},
];
