/** Remedies and documentation pages. */

const page = 'https://kubernetes.io/docs/concepts/architecture/control-plane-node-communication/';

export const docs = {
	paths: page,
	nodeToControlPlane: `${page}#node-to-control-plane`,
	kubelet: `${page}#apiserver-to-kubelet`,
	proxied: `${page}#apiserver-to-nodes-pods-and-services`,
	ssh: `${page}#ssh-tunnels`,
	konnectivity: 'https://kubernetes.io/docs/tasks/extend-kubernetes/setup-konnectivity/',
	bootstrapping: 'https://kubernetes.io/docs/reference/access-authn-authz/kubelet-tls-bootstrapping/',
	kubeletAccess: 'https://kubernetes.io/docs/reference/access-authn-authz/kubelet-authn-authz/',
	authentication: 'https://kubernetes.io/docs/reference/access-authn-authz/authentication/',
	authorization: 'https://kubernetes.io/docs/reference/access-authn-authz/authorization/',
	serviceAccounts: 'https://kubernetes.io/docs/tasks/run-application/access-api-from-pod/',
	certificates: 'https://kubernetes.io/docs/setup/best-practices/certificates/',
	ports: 'https://kubernetes.io/docs/reference/networking/ports-and-protocols/',
	debugging: 'https://kubernetes.io/docs/tasks/debug/debug-cluster/',
} as const;

export const remedies = {
	kubeletCa:
		'set serverTLSBootstrap: true on the kubelets and approve their kubernetes.io/kubelet-serving CSRs; then set kube-apiserver --kubelet-certificate-authority=FILE, the CA that signed them',
	kubeletServing:
		'a kubelet needs a serving certificate with its address, signed by a CA in the file of --kubelet-certificate-authority: add the CA that signed it to that file, or, if it is self-signed, set serverTLSBootstrap: true on the kubelet and run kubectl certificate approve NAME for its CSR',
	kubeletAccess:
		'kubelet configuration: authentication.anonymous.enabled: false, authentication.webhook.enabled: true, authorization.mode: Webhook, readOnlyPort: 0',
	authorizationMode: 'kube-apiserver --authorization-mode=Node,RBAC',
	anonymous: 'kube-apiserver --anonymous-auth=false, or anonymous.conditions in --authentication-config',
	staticTokens: 'remove --token-auth-file and use a credential that expires',
	tunnel: 'set up Konnectivity, and kube-apiserver --egress-selector-config-file=FILE with a connection named cluster',
	portForward: 'the apiserver proxy never verifies: use port-forward',
	egressProxy:
		'in the file of --egress-selector-config-file, set tlsConfig.caBundle to the CA of the proxy, and check the host name of its url; then restart the apiserver',
	konnectivity: 'set up the Konnectivity service instead of SSH tunnels',
	etcd: 'etcd --listen-client-urls and --advertise-client-urls with https, --client-cert-auth=true and --trusted-ca-file=FILE',
	componentBind: '--bind-address=127.0.0.1 on kube-controller-manager and kube-scheduler',
} as const;
