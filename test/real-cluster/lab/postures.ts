/**
The apiservers of the fixture, by the flags that decide leg 2. The truth table is made only from these.
A name is KUBELET_CA-EGRESS: `off-grpc` does not verify kubelets and reaches them through Konnectivity over gRPC. Egress over TCP is that of
HyperShift and Gardener; `supervisor` is that of k3s.
*/
import {isSince136, labVersion, type KubernetesVersion} from './programs.ts';

/** `--kubelet-certificate-authority`: not set, the CA of n1's certificate, or another one. */
export type KubeletCa = 'off' | 'good' | 'bad';

/**
The `cluster` entry of `--egress-selector-config-file`; `none` means no file. `http-connect-tcp`: over TCP, with certificates of its own CA.
`refused-proxy`: the same proxy, but the file names another CA, so the apiserver refuses the proxy's certificate.
`supervisor`: over TCP to the server in whose process the apiserver runs and listens on loopback (modules/kubernetes/supervisor).
*/
export type Egress =
	'none' | 'grpc' | 'http-connect' | 'http-connect-tcp' | 'refused-proxy' | 'supervisor' | 'cluster-direct' | 'controlplane-only';

export type Posture = {
	readonly kubeletCa: KubeletCa;
	readonly egress: Egress;
	/** Offset from 6443. */
	readonly portOffset: number;
	readonly version?: KubernetesVersion;
	/** With a host name, the apiserver has an identity lease of its own and counts as a replica. */
	readonly hostname?: string;
	/** It takes users from an authenticating proxy and serves aggregated APIs, as kubeadm sets up every apiserver. */
	readonly aggregates?: boolean;
};

/** `off-direct` is the base for kubelets, controller-manager and scheduler. */
export const postures = {
	'off-direct': {kubeletCa: 'off', egress: 'none', portOffset: 0},
	'good-direct': {kubeletCa: 'good', egress: 'none', portOffset: 1},
	'bad-direct': {kubeletCa: 'bad', egress: 'none', portOffset: 2},
	'off-grpc': {kubeletCa: 'off', egress: 'grpc', portOffset: 3},
	'good-grpc': {kubeletCa: 'good', egress: 'grpc', portOffset: 4},
	'bad-grpc': {kubeletCa: 'bad', egress: 'grpc', portOffset: 5},
	'off-http': {kubeletCa: 'off', egress: 'http-connect', portOffset: 6},
	'good-http': {kubeletCa: 'good', egress: 'http-connect', portOffset: 7},
	'bad-http': {kubeletCa: 'bad', egress: 'http-connect', portOffset: 8},
	/** A case that is easily misread: an egress file whose `cluster` is Direct. */
	'egress-file-direct': {kubeletCa: 'off', egress: 'cluster-direct', portOffset: 9},
	/** A case that is easily misread: an egress file without `cluster`. */
	'egress-file-controlplane': {kubeletCa: 'off', egress: 'controlplane-only', portOffset: 10},
	/** An apiserver that tests restart with other flags. */
	restarted: {kubeletCa: 'off', egress: 'none', portOffset: 11},
	/** Two replicas with different flags behind one load balancer. */
	'replica-a': {kubeletCa: 'off', egress: 'none', portOffset: 12, hostname: 'replica-a'},
	'replica-b': {kubeletCa: 'good', egress: 'grpc', portOffset: 13, hostname: 'replica-b'},
	/** Older apiservers on the same etcd. */
	'old-off-direct': {kubeletCa: 'off', egress: 'none', portOffset: 14, version: '1.34.4'},
	'old-good-grpc': {kubeletCa: 'good', egress: 'grpc', portOffset: 15, version: '1.34.4'},
	'old-good-direct': {kubeletCa: 'good', egress: 'none', portOffset: 24, version: '1.34.4'},
	'old-bad-direct': {kubeletCa: 'bad', egress: 'none', portOffset: 25, version: '1.34.4'},
	/** An apiserver that runs as a static pod of n1; in-cluster.ts starts it. */
	'static-pod': {kubeletCa: 'good', egress: 'grpc', portOffset: 16},
	'off-tcp': {kubeletCa: 'off', egress: 'http-connect-tcp', portOffset: 17},
	'good-tcp': {kubeletCa: 'good', egress: 'http-connect-tcp', portOffset: 18},
	'bad-tcp': {kubeletCa: 'bad', egress: 'http-connect-tcp', portOffset: 19},
	/** Only n1 has an agent with a session. The apiserver behind it listens on the next port. */
	'good-supervisor': {kubeletCa: 'good', egress: 'supervisor', portOffset: 20, version: '1.36.3'},
	'off-refused-proxy': {kubeletCa: 'off', egress: 'refused-proxy', portOffset: 22},
	'good-refused-proxy': {kubeletCa: 'good', egress: 'refused-proxy', portOffset: 23},
	'off-aggregating': {kubeletCa: 'off', egress: 'none', portOffset: 26, aggregates: true},
	'good-aggregating': {kubeletCa: 'good', egress: 'none', portOffset: 27, aggregates: true},
} satisfies Record<string, Posture>;

export type PostureName = keyof typeof postures;

export const base: PostureName = 'off-direct';

/** In its structured form. */
export const servesFlagz = (name: PostureName): boolean => isSince136(postureOf(name).version ?? labVersion);

/** The posture with its optional fields typed. */
export const postureOf = (name: PostureName): Posture => postures[name];
