/** Messages about the kubelet. Recorded on Kubernetes 1.36.3. */
import type {MessageRule, MessageWrapper} from './message-rule.ts';

const dialWrappers: readonly MessageWrapper[] = ['log', 'upgrade', 'translated', 'proxy'];
const refuses = 'the apiserver refuses the certificate of the kubelet (or of the egress proxy)';
const identityRemedy =
	'check the apiserver’s --kubelet-client-certificate and the kubelet’s authentication.x509.clientCAFile; your own credentials are not the problem';
const permissionRemedy =
	'bind the apiserver’s identity to the ClusterRole system:kubelet-api-admin; your own permissions are not the problem';

const leg2 = {leg: 2, code: 'ERR_SECOND_LEG'} as const;

const hungUp = /^(EOF|read tcp \S+->\S+: read: connection reset by peer)$/;

export const kubeletMessages: readonly MessageRule[] = [
	{
		id: 'T1',
		pattern: /^tls: failed to verify certificate: x509: cannot validate certificate for \S+ because it doesn't contain any IP SANs$/,
		wrappers: dialWrappers,
		speaker: 'apiserver',
		...leg2,
		meaning: `${refuses}: it has no IP SANs, and the apiserver connects by IP address`,
		remedy: 'issue it with the node’s IP address; if it is self-signed, serverTLSBootstrap requests one',
		proves: {tls: 'refused'},
	},
	{
		id: 'T2',
		pattern:
			/^tls: failed to verify certificate: x509: certificate is (valid for [^"]+, not [^" ]+|not valid for any names, but wanted to match [^" ]+)$/,
		wrappers: dialWrappers,
		speaker: 'apiserver',
		...leg2,
		meaning: `${refuses}: it is for another name or address`,
		remedy: 'renew it with the present names and addresses of the node (`kubectl get node -o wide`)',
		proves: {tls: 'refused'},
	},
	{
		id: 'T3',
		pattern:
			/^tls: failed to verify certificate: x509: certificate signed by unknown authority( \(possibly because of "[^"]*" while trying to verify candidate authority certificate "[^"]*"\))?$/,
		wrappers: dialWrappers,
		speaker: 'apiserver',
		...leg2,
		meaning: `${refuses}: no CA that it trusts signed it`,
		remedy: 'add its CA to the file of --kubelet-certificate-authority, or if it is self-signed, set serverTLSBootstrap on the kubelet',
		proves: {tls: 'refused'},
	},
	{
		id: 'T4',
		pattern:
			/^tls: failed to verify certificate: x509: certificate has expired or is not yet valid: current time \S+ is (after|before) \S+$/,
		wrappers: dialWrappers,
		speaker: 'apiserver',
		...leg2,
		meaning: `${refuses}: it is expired or not yet valid, or a clock is wrong`,
		remedy: 'renew the kubelet’s serving certificate, and compare the clocks of the node and the control plane',
		proves: {tls: 'refused'},
	},
	{
		id: 'T5',
		pattern: /^remote error: tls: internal error$/,
		wrappers: dialWrappers,
		speaker: 'kubelet',
		...leg2,
		meaning: 'the kubelet has no serving certificate yet: its CSR is waiting for approval',
		remedy: 'run kubectl get csr, then kubectl certificate approve the pending kubernetes.io/kubelet-serving CSR of this node',
		proves: {},
	},
	{
		id: 'T6',
		pattern: /^(tls: first record does not look like a TLS handshake|http: server gave HTTP response to HTTPS client)$/,
		wrappers: dialWrappers,
		speaker: 'apiserver',
		...leg2,
		meaning: 'the port speaks plain HTTP, but the apiserver connected with TLS',
		remedy: 'for a pod or service, put http: before the name; for a node, check its kubelet port',
		proves: {tls: 'plain'},
	},
	{
		id: 'T7',
		pattern: /^net\/http: TLS handshake timeout$/,
		wrappers: dialWrappers,
		speaker: 'apiserver',
		...leg2,
		meaning: 'the port is open but does not complete the TLS handshake: the kubelet is hung, or a middlebox interferes',
		remedy: 'check the kubelet on that node, and firewalls that inspect TLS',
		proves: {},
	},
	{
		id: 'T8',
		pattern: hungUp,
		wrappers: ['log', 'upgrade', 'translated'],
		speaker: 'apiserver',
		...leg2,
		meaning: 'the far end closed the connection during the TLS handshake, or the tunnel broke',
		remedy: 'check the kubelet on that node, and the agents of the tunnel if there is one',
		proves: {},
	},
	// A proxied request may be plain HTTP, and its far end need not be a kubelet.
	{
		id: 'T8',
		pattern: hungUp,
		wrappers: ['proxy'],
		speaker: 'apiserver',
		...leg2,
		meaning: 'the far end closed the connection before it responded, or the tunnel broke',
		remedy: 'check that the port speaks HTTP (TLS if https: is before the name); for a node, check its kubelet',
		proves: {},
	},
	{
		id: 'K1',
		pattern: /^the server has asked for the client to provide credentials( \( ?pods\/log .*\))?$/,
		wrappers: ['answer'],
		status: [401],
		body: 'status',
		detailsKind: 'pods/log',
		speaker: 'kubelet',
		...leg2,
		meaning: 'the kubelet does not accept the apiserver’s client certificate',
		remedy: identityRemedy,
		proves: {farEndAnswered: true},
	},
	{
		id: 'K2',
		pattern: /^Unauthorized$/,
		wrappers: ['answer'],
		status: [401],
		body: 'text',
		speaker: 'kubelet',
		...leg2,
		meaning: 'the kubelet does not accept the apiserver’s client certificate',
		remedy: identityRemedy,
		proves: {},
	},
	{
		id: 'K3',
		pattern: /^Forbidden \(user=.*, verb=.*, resource=nodes, subresource(?:\(s\)=\[.*\]|=\S*)\)(\s*\( ?pods\/log .*\))?$/,
		wrappers: ['answer'],
		status: [403],
		speaker: 'kubelet',
		...leg2,
		meaning: 'the kubelet refuses the apiserver’s identity',
		remedy: permissionRemedy,
		proves: {farEndAnswered: true},
	},
	{
		id: 'K4',
		pattern: /^unable to upgrade connection: Unauthorized$/,
		wrappers: ['stream'],
		speaker: 'kubelet',
		...leg2,
		meaning: 'the kubelet does not accept the apiserver’s client certificate',
		remedy: identityRemedy,
		proves: {farEndAnswered: true},
	},
	{
		id: 'K4',
		pattern: /^unable to upgrade connection: Forbidden \(user=.*\)$/,
		wrappers: ['stream'],
		speaker: 'kubelet',
		...leg2,
		meaning: 'the kubelet refuses the apiserver’s identity',
		remedy: permissionRemedy,
		proves: {farEndAnswered: true},
	},
	{
		id: 'K5',
		pattern: /^invalid upgrade response: status code \d+$/,
		wrappers: ['answer', 'upgrade'],
		speaker: 'apiserver',
		...leg2,
		meaning: 'the server at the kubelet’s address is not a kubelet, or there is a proxy in between',
		remedy: 'check the node’s address and port: kubectl get node NAME -o jsonpath={.status}',
		proves: {},
	},
];
