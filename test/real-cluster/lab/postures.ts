/** The apiservers of the fixture, by the flags that decide leg 2. The truth table is made only from these. */
import {labVersion, type KubernetesVersion} from './programs.ts';

/** `--kubelet-certificate-authority`: not set, the CA of n1's certificate, or another one. */
export type KubeletCa = 'off' | 'good' | 'bad';

/** The `cluster` entry of `--egress-selector-config-file`; `none` is no file. */
export type Egress = 'none' | 'grpc' | 'http-connect' | 'cluster-direct' | 'controlplane-only';

export type Posture = {
	readonly kubeletCa: KubeletCa;
	readonly egress: Egress;
	/** Offset from 6443. */
	readonly port: number;
	readonly version?: KubernetesVersion;
	/** With its own host name it counts as a replica in the identity leases. */
	readonly hostname?: string;
};

/** `off-direct` is the base for kubelets, controller-manager and scheduler. */
export const postures = {
	'off-direct': {kubeletCa: 'off', egress: 'none', port: 0},
	'good-direct': {kubeletCa: 'good', egress: 'none', port: 1},
	'bad-direct': {kubeletCa: 'bad', egress: 'none', port: 2},
	'off-grpc': {kubeletCa: 'off', egress: 'grpc', port: 3},
	'good-grpc': {kubeletCa: 'good', egress: 'grpc', port: 4},
	'bad-grpc': {kubeletCa: 'bad', egress: 'grpc', port: 5},
	'off-http': {kubeletCa: 'off', egress: 'http-connect', port: 6},
	'good-http': {kubeletCa: 'good', egress: 'http-connect', port: 7},
	'bad-http': {kubeletCa: 'bad', egress: 'http-connect', port: 8},
	/** Trap: an egress file whose `cluster` is Direct. */
	'egress-file-direct': {kubeletCa: 'off', egress: 'cluster-direct', port: 9},
	/** Trap: an egress file without `cluster`. */
	'egress-file-controlplane': {kubeletCa: 'off', egress: 'controlplane-only', port: 10},
	/** Tests restart it with other flags. */
	restarted: {kubeletCa: 'off', egress: 'none', port: 11},
	/** Trap: two replicas with different flags behind one balancer. */
	'replica-a': {kubeletCa: 'off', egress: 'none', port: 12, hostname: 'replica-a'},
	'replica-b': {kubeletCa: 'good', egress: 'grpc', port: 13, hostname: 'replica-b'},
	/** An older apiserver on the same etcd. */
	'old-off-direct': {kubeletCa: 'off', egress: 'none', port: 14, version: '1.34.4'},
	'old-good-grpc': {kubeletCa: 'good', egress: 'grpc', port: 15, version: '1.34.4'},
	/** A static pod of n1; in-cluster.ts starts it. */
	'static-pod': {kubeletCa: 'good', egress: 'grpc', port: 16},
} satisfies Record<string, Posture>;

export type PostureName = keyof typeof postures;

export const base: PostureName = 'off-direct';

/** Structured /flagz is served since 1.36. */
export const servesFlagz = (name: PostureName): boolean => (postureOf(name).version ?? labVersion) === '1.36.3';

/** With the optional fields that the table leaves out. */
export const postureOf = (name: PostureName): Posture => postures[name];
