/** Apiserver flags of a posture. */
import type {Posture} from '../switches.ts';

const kubeletAuthorityFile = '/etc/kubernetes/pki/ca.crt';
const egressFile = '/etc/kubernetes/egress-selector-configuration.yaml';

/** Flags after defaulting. */
export function apiserverFlags({verification, route}: Posture, address: string, port: number): Record<string, string> {
	return {
		'advertise-address': address,
		'allow-privileged': 'true',
		'anonymous-auth': 'true',
		'authentication-config': '',
		'authorization-mode': '[Node,RBAC]',
		'bind-address': '0.0.0.0',
		'client-ca-file': '/etc/kubernetes/pki/ca.crt',
		'egress-selector-config-file': route === 'konnectivity' || route === 'http-connect' ? egressFile : '',
		'enable-aggregator-routing': 'false',
		'enable-bootstrap-token-auth': 'true',
		'feature-gates': '',
		'kubelet-certificate-authority': verification === 'off' ? '' : kubeletAuthorityFile,
		'kubelet-client-certificate': '/etc/kubernetes/pki/apiserver-kubelet-client.crt',
		'kubelet-client-key': '/etc/kubernetes/pki/apiserver-kubelet-client.key',
		'kubelet-port': '10250',
		'kubelet-preferred-address-types': '[InternalIP,Hostname]',
		'oidc-issuer-url': '',
		profiling: 'true',
		'secure-port': String(port),
		'service-account-issuer': '[https://kubernetes.default.svc]',
		'service-cluster-ip-range': '10.96.0.0/16',
		'tls-cert-file': '/etc/kubernetes/pki/apiserver.crt',
		'token-auth-file': '/etc/kubernetes/tokens.csv',
		...(route === 'ssh' && {'ssh-user': 'core', 'ssh-keyfile': '/etc/kubernetes/pki/tunnel'}),
	};
}

/** Only flags that differ from the default. */
export function apiserverCommand(flags: Readonly<Record<string, string>>): string[] {
	const omitted = ['anonymous-auth', 'bind-address', 'enable-aggregator-routing', 'kubelet-port', 'profiling'];
	return [
		'kube-apiserver',
		...Object.entries(flags)
			.filter(([name, value]) => value !== '' && !omitted.includes(name))
			.map(([name, value]) => `--${name}=${value.replace(/^\[(.*)\]$/, '$1')}`),
	];
}
