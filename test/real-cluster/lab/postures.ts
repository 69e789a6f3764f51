/**
 * The apiservers of the fixture, each by the flags that decide how its second leg goes. The truth table is made from these and from nothing
 * else.
 */
import {labVersion, type KubernetesVersion} from './programs.ts';

/** `--kubelet-certificate-authority`: not set, the authority that signed n1's certificate, or another one. */
export type KubeletCa = 'off' | 'good' | 'bad';

/** What the egress file of `--egress-selector-config-file` says for `cluster`; `none` is no file. */
export type Egress = 'none' | 'grpc' | 'http-connect' | 'cluster-direct' | 'controlplane-only';

export type Posture = {
	readonly kubeletCa: KubeletCa;
	readonly egress: Egress;
	/** Offset from 6443. */
	readonly port: number;
	readonly version?: KubernetesVersion;
	/** A host name of its own, so that it counts as a replica of its own in the identity leases. */
	readonly hostname?: string;
};

/** `off-direct` is the base: kubelets, controller-manager and scheduler talk to it. */
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
	/** Trap: an egress file is set, but its `cluster` is Direct. */
	'egress-file-direct': {kubeletCa: 'off', egress: 'cluster-direct', port: 9},
	/** Trap: an egress file is set, but says nothing of `cluster`. */
	'egress-file-controlplane': {kubeletCa: 'off', egress: 'controlplane-only', port: 10},
	/** The one that tests kill and start again with other flags. */
	restarted: {kubeletCa: 'off', egress: 'none', port: 11},
	/** Trap: two replicas with different flags, behind one balancer. */
	'replica-a': {kubeletCa: 'off', egress: 'none', port: 12, hostname: 'replica-a'},
	'replica-b': {kubeletCa: 'good', egress: 'grpc', port: 13, hostname: 'replica-b'},
	/** An older apiserver on the same etcd. */
	'old-off-direct': {kubeletCa: 'off', egress: 'none', port: 14, version: '1.34.4'},
	'old-good-grpc': {kubeletCa: 'good', egress: 'grpc', port: 15, version: '1.34.4'},
	/** Runs as a static pod of n1; in-cluster.ts starts it. */
	'static-pod': {kubeletCa: 'good', egress: 'grpc', port: 16},
} satisfies Record<string, Posture>;

export type PostureName = keyof typeof postures;

export const base: PostureName = 'off-direct';

/** Structured /flagz is served since 1.36. */
export const servesFlagz = (name: PostureName): boolean => (postureOf(name).version ?? labVersion) === '1.36.3';

/** The posture of a name, with the optional fields that the table leaves out. */
export const postureOf = (name: PostureName): Posture => postures[name];
