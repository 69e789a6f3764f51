/** What each audit row checks; docs/audit.md is rendered from it. */
import type {Basis, Need} from '../evidence.ts';
import {
	needActive,
	needConfigz,
	needEndpointSlices,
	needFlagz,
	needLeases,
	needMetrics,
	needMirrorPods,
	needNodeLeases,
	needNodes,
	needRootCa,
	needServedFlagz,
	needSigningRequests,
} from '../rules/needs.ts';
import type {RowId} from './audit-object.ts';

export type RowDescription = {
	checks: string;
	fails: string;
	/** `null`: the row never warns. */
	warns: string | null;
	/** The strongest basis that a pass can have. */
	passBasis: Exclude<Basis, 'unknown'>;
	/** What an unknown row can name, or an inferred one. Empty: what the summarized rows need. */
	needs: readonly Need[];
};

const needsOfLegTwo = [needFlagz, needMirrorPods, needMetrics, needLeases, needNodes, needActive];

const exposure = {
	fails: 'leg 2 is exposed: its TLS is unverified or plain, and no tunnel protects it',
	warns: 'certificates of kubelets are refused, or leg 2 is protected but the last connection failed',
	passBasis: 'proven',
	needs: needsOfLegTwo,
} as const;

const proxyExposure = {
	...exposure,
	fails: 'leg 2 is exposed: the apiserver proxy does not verify, and no tunnel protects the leg',
	warns: 'leg 2 is protected, but the last connection failed',
} as const;

export const rowDescriptions: Readonly<Record<RowId, RowDescription>> = {
	N1: {
		checks: 'whether the apiserver authorizes requests, and whether kubelets renew their leases',
		fails: 'authorization is off, requests without credentials can read the API, or no kubelet has renewed its lease within 40 s',
		warns: 'static tokens are accepted, or some kubelets have not renewed their lease within 40 s',
		passBasis: 'inferred',
		needs: [needFlagz, needNodeLeases],
	},
	N2: {
		checks: 'certificate signing requests of kubelets',
		fails: 'a request was denied, or failed',
		warns: 'a request waits for approval',
		passBasis: 'inferred',
		needs: [needSigningRequests],
	},
	N3: {
		checks: 'whether pods get the CA of the server that responds to you, and whether the service `kubernetes` has endpoints',
		fails: 'the service has no endpoints, or the namespace has no `kube-root-ca.crt`',
		warns: null,
		passBasis: 'inferred',
		needs: [needRootCa, needEndpointSlices],
	},
	N4: {
		checks: 'whether the scheduler and the controller manager use TLS to the apiserver',
		fails: 'one of them uses plain HTTP',
		warns: null,
		passBasis: 'proven',
		needs: [needMirrorPods, needFlagz, needServedFlagz],
	},
	N5: {
		checks: 'rows N1 to N4 and your own connection',
		fails: 'one of these rows fails, or your connection is plain HTTP',
		warns: 'one of these rows warns, your connection is not verified, or it is not certain that an apiserver responds to you',
		passBasis: 'inferred',
		needs: [],
	},
	N6: {
		checks: 'where etcd, the scheduler and the controller manager listen, and whether etcd asks for client certificates',
		fails: 'etcd can be reached without TLS or without a client certificate',
		warns: 'the scheduler or the controller manager listens beyond loopback',
		passBasis: 'inferred',
		needs: [needMirrorPods],
	},
	C1: {checks: 'leg 2 of logs', ...exposure},
	C2: {checks: 'leg 2 of exec and attach', ...exposure},
	C3: {checks: 'leg 2 of port-forward', ...exposure},
	C4: {
		checks: 'whether every apiserver checks the certificates of kubelets (`--kubelet-certificate-authority`)',
		fails: 'at least one apiserver accepts any certificate',
		warns: null,
		passBasis: 'proven',
		needs: [needFlagz, needMirrorPods, needLeases, needNodes, needActive],
	},
	C5: {
		checks: 'authentication, authorization and the read-only port of up to five kubelets, as they report them',
		fails: 'authorization of a kubelet is AlwaysAllow, or its read-only port is on',
		warns: 'anonymous requests reach the authorization of a kubelet',
		passBasis: 'inferred',
		needs: [needConfigz],
	},
	C6: {checks: 'leg 2 to a port of a node other than its kubelet’s, through the apiserver proxy', ...proxyExposure},
	C7: {checks: 'leg 2 to a pod, through the apiserver proxy', ...proxyExposure},
	C8: {checks: 'leg 2 to a service, through the apiserver proxy', ...proxyExposure},
	C9: {
		checks: 'whether the apiserver uses SSH tunnels, which Kubernetes 1.22 removed',
		fails: 'it uses them',
		warns: null,
		passBasis: 'proven',
		needs: [needFlagz, needServedFlagz, needMirrorPods, needMetrics, needActive],
	},
	C10: {
		checks:
			'whether apiservers reach nodes through Konnectivity or an HTTP CONNECT egress, and whether it works; not-applicable for the routes direct, proxy and ssh-tunnel',
		fails: 'the tunnel fails, or none of its agents is ready',
		warns: 'the apiservers differ, some agents are not ready, or the route is egress-http-connect, which may not be Konnectivity',
		passBasis: 'proven',
		needs: needsOfLegTwo,
	},
	C11: {
		checks: 'rows C1 to C3 and C6 to C8',
		fails: 'one of these rows fails',
		warns: null,
		passBasis: 'proven',
		needs: [],
	},
};
