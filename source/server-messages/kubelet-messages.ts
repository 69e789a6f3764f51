/** Words about the kubelet's certificate, port and refusals. Measured on Kubernetes 1.36.3. */
import type {MessageRule, MessageWrapper} from './message-rule.ts';

const dialled: readonly MessageWrapper[] = ['log', 'upgrade', 'translated', 'proxy'];
const servingRemedy = 'give the kubelet a serving certificate from the CA of --kubelet-certificate-authority with the dialled address in it: serverTLSBootstrap: true, then kubectl certificate approve the kubernetes.io/kubelet-serving CSR';
const identityRemedy = 'check the apiserver’s --kubelet-client-certificate and the kubelet’s authentication.x509.clientCAFile; your own credentials are fine';
const rightsRemedy = 'bind the apiserver’s identity to the ClusterRole system:kubelet-api-admin; your own rights are fine';

const second = {leg: 2, code: 'ERR_SECOND_LEG'} as const;

const hungUp = /^(EOF|read tcp \S+->\S+: read: connection reset by peer)$/;

export const kubeletMessages: readonly MessageRule[] = [
	{id: 'T1', pattern: /^tls: failed to verify certificate: x509: cannot validate certificate for \S+ because it doesn't contain any IP SANs$/, wrappers: dialled, speaker: 'apiserver', ...second, meaning: 'the apiserver refuses the kubelet’s certificate: it has names only, and was dialled by IP address', remedy: servingRemedy, proves: {tls: 'refused'}},
	{id: 'T2', pattern: /^tls: failed to verify certificate: x509: certificate is (valid for .+, not .+|not valid for any names, but wanted to match .+)$/, wrappers: dialled, speaker: 'apiserver', ...second, meaning: 'the apiserver refuses the kubelet’s certificate: it is for another name or address (whether its CA is right is not known: the name is checked first)', remedy: servingRemedy, proves: {tls: 'refused'}},
	{id: 'T3', pattern: /^tls: failed to verify certificate: x509: certificate signed by unknown authority( \(.+\))?$/, wrappers: dialled, speaker: 'apiserver', ...second, meaning: 'the apiserver refuses the kubelet’s certificate: the name is right, its CA is not the one of --kubelet-certificate-authority', remedy: servingRemedy, proves: {tls: 'refused'}},
	{id: 'T4', pattern: /^tls: failed to verify certificate: x509: certificate has expired or is not yet valid: .+$/, wrappers: dialled, speaker: 'apiserver', ...second, meaning: 'the apiserver refuses the kubelet’s certificate: it is out of date, or a clock is wrong', remedy: 'renew the kubelet’s serving certificate, and compare the clocks of node and control plane', proves: {tls: 'refused'}},
	{id: 'T5', pattern: /^remote error: tls: internal error$/, wrappers: dialled, speaker: 'kubelet', ...second, meaning: 'the kubelet has no serving certificate yet: its CSR waits for approval', remedy: 'kubectl get csr; kubectl certificate approve the pending kubernetes.io/kubelet-serving one of this node', proves: {}},
	{id: 'T6', pattern: /^(tls: first record does not look like a TLS handshake|http: server gave HTTP response to HTTPS client)$/, wrappers: dialled, speaker: 'apiserver', ...second, meaning: 'the port speaks plain HTTP, and TLS was asked for', remedy: 'for a pod or service use http: before the name; for a node check its kubelet port', proves: {tls: 'plain'}},
	{id: 'T7', pattern: /^net\/http: TLS handshake timeout$/, wrappers: dialled, speaker: 'apiserver', ...second, meaning: 'the port is open but its TLS is silent: a hung kubelet, or a middlebox', remedy: 'look at the kubelet on that node, and at firewalls that inspect TLS', proves: {}},
	{id: 'T8', pattern: hungUp, wrappers: ['log', 'upgrade', 'translated'], speaker: 'apiserver', ...second, meaning: 'the other end closed while TLS was set up, or the tunnel died', remedy: 'look at the kubelet on that node, and at the tunnel’s agents where there are any', proves: {}},
	// A proxied request may be plain HTTP, and what stands behind it no kubelet.
	{id: 'T8', pattern: hungUp, wrappers: ['proxy'], speaker: 'apiserver', ...second, meaning: 'the other end closed before it answered, or the tunnel died', remedy: 'does that port speak HTTP, or with https: before the name TLS? Of a node look at its kubelet', proves: {}},
	{id: 'K1', pattern: /^the server has asked for the client to provide credentials( \( ?pods\/log .*\))?$/, wrappers: ['answer'], status: [401], body: 'status', detailsKind: 'pods/log', speaker: 'kubelet', ...second, meaning: 'the kubelet does not accept the apiserver’s client certificate', remedy: identityRemedy, proves: {answered: true}},
	{id: 'K2', pattern: /^Unauthorized$/, wrappers: ['answer'], status: [401], body: 'text', speaker: 'kubelet', ...second, meaning: 'the kubelet does not accept the apiserver’s client certificate', remedy: identityRemedy, proves: {}},
	{id: 'K3', pattern: /^Forbidden \(user=.*, verb=.*, resource=nodes, subresource\(s\)=\[.*\]\)(\s*\( ?pods\/log .*\))?$/, wrappers: ['answer'], status: [403], speaker: 'kubelet', ...second, meaning: 'the kubelet refuses the apiserver’s identity', remedy: rightsRemedy, proves: {answered: true}},
	{id: 'K4', pattern: /^unable to upgrade connection: Unauthorized$/, wrappers: ['stream'], speaker: 'kubelet', ...second, meaning: 'the kubelet does not accept the apiserver’s client certificate', remedy: identityRemedy, proves: {answered: true}},
	{id: 'K4', pattern: /^unable to upgrade connection: Forbidden \(user=.*\)$/, wrappers: ['stream'], speaker: 'kubelet', ...second, meaning: 'the kubelet refuses the apiserver’s identity', remedy: rightsRemedy, proves: {answered: true}},
	{id: 'K5', pattern: /^invalid upgrade response: status code \d+$/, wrappers: ['answer', 'upgrade'], speaker: 'apiserver', ...second, meaning: 'what answers at the kubelet’s address is no kubelet, or a proxy stands in between', remedy: 'check the node’s address and port: kubectl get node NAME -o jsonpath={.status}', proves: {}},
];
