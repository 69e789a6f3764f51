/** The audit rows: what each checks, from which docs/audit.md is rendered, and its rule. */
import type {Basis, Need, StreamFeature} from '../evidence.ts';
import {
	docs,
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
import type {JudgedRows, RowId, RowResult} from './audit-object.ts';
import {componentsToApiserver, nodeToControlPlaneSummary, restOfControlPlane} from './control-plane-rows.ts';
import type {AuditObservations} from './gather-observations.ts';
import {kubeletAccess, kubeletCertificate} from './kubelet-rows.ts';
import {kubeletToApiserver, nodeProvisioning, podToApiserver} from './node-rows.ts';
import {exposureSummary, konnectivityRow, sshTunnelRow} from './route-rows.ts';
import {streamRow} from './stream-rows.ts';

type AuditRowSpec = {
	title: string;
	/** Of the Kubernetes documentation. */
	page: string;
	checks: string;
	fails: string;
	/** `null`: the row never warns. */
	warns: string | null;
	/** The strongest basis that a pass can have. */
	passBasis: Exclude<Basis, 'unknown'>;
	/** What an unknown row can name, or an inferred one. Empty: what the summarized rows need. */
	needs: readonly Need[];
	/** `judged`: the rows before it. */
	judge(this: void, audit: AuditObservations, judged: JudgedRows): RowResult;
};

const needsOfLegTwo = [needFlagz, needMirrorPods, needMetrics, needLeases, needNodes, needActive];

export const auditRows: Readonly<Record<RowId, AuditRowSpec>> = {
	N1: {
		title: 'kubelets to apiserver',
		page: docs.nodeToControlPlane,
		checks: 'whether the apiserver authorizes requests, and whether kubelets renew their leases',
		fails: 'authorization is off, requests without credentials can read the API, or no kubelet has renewed its lease within 40 s',
		warns: 'static tokens are accepted, or some kubelets have not renewed their lease within 40 s',
		passBasis: 'inferred',
		needs: [needFlagz, needNodeLeases],
		judge: kubeletToApiserver,
	},
	N2: {
		title: 'joining nodes',
		page: docs.bootstrapping,
		checks: 'certificate signing requests of kubelets',
		fails: 'a request was denied, or failed',
		warns: 'a request waits for approval',
		passBasis: 'inferred',
		needs: [needSigningRequests],
		judge: nodeProvisioning,
	},
	N3: {
		title: 'pods to apiserver',
		page: docs.serviceAccounts,
		checks: 'whether pods get the CA of the server that responds to you, and whether the service `kubernetes` has endpoints',
		fails: 'the service has no endpoints, or the namespace has no `kube-root-ca.crt`',
		warns: null,
		passBasis: 'inferred',
		needs: [needRootCa, needEndpointSlices],
		judge: podToApiserver,
	},
	N4: {
		title: 'control plane components to apiserver',
		page: docs.nodeToControlPlane,
		checks: 'whether the scheduler and the controller manager use TLS to the apiserver',
		fails: 'one of them uses plain HTTP',
		warns: null,
		passBasis: 'proven',
		needs: [needMirrorPods, needFlagz, needServedFlagz],
		judge: componentsToApiserver,
	},
	N5: {
		title: 'nodes to control plane, summary',
		page: docs.nodeToControlPlane,
		checks: 'rows N1 to N4 and your own connection',
		fails: 'one of these rows fails, or your connection is plain HTTP',
		warns: 'one of these rows warns, your connection is not verified, or it is not certain that an apiserver responds to you',
		passBasis: 'inferred',
		needs: [],
		judge: nodeToControlPlaneSummary,
	},
	N6: {
		title: 'other control plane components',
		page: docs.ports,
		checks: 'where etcd, the scheduler and the controller manager listen, and whether etcd asks for client certificates',
		fails: 'etcd can be reached without TLS or without a client certificate',
		warns: 'the scheduler or the controller manager listens beyond loopback',
		passBasis: 'inferred',
		needs: [needMirrorPods],
		judge: restOfControlPlane,
	},
	C1: kubeletStream('logs', 'logs'),
	C2: kubeletStream('exec and attach', 'exec'),
	C3: kubeletStream('port-forward', 'port-forward'),
	C4: {
		title: 'kubelet certificate verified',
		page: docs.kubelet,
		checks: 'whether every apiserver checks the certificates of kubelets (`--kubelet-certificate-authority`)',
		fails: 'at least one apiserver accepts any certificate',
		warns: null,
		passBasis: 'proven',
		needs: [needFlagz, needMirrorPods, needLeases, needNodes, needActive],
		judge: kubeletCertificate,
	},
	C5: {
		title: 'kubelet authentication and authorization',
		page: docs.kubeletAccess,
		checks: 'authentication, authorization and the read-only port of up to five kubelets, as they report them',
		fails: 'authorization of a kubelet is AlwaysAllow, or its read-only port is on',
		warns: 'anonymous requests reach the authorization of a kubelet',
		passBasis: 'inferred',
		needs: [needConfigz],
		judge: kubeletAccess,
	},
	C6: proxied('nodes through the proxy, not kubelets', 'a port of a node other than its kubelet’s', 'node-proxy'),
	C7: proxied('pods through the proxy', 'a pod', 'pod-proxy'),
	C8: proxied('services through the proxy', 'a service', 'service-proxy'),
	C9: {
		title: 'SSH tunnels',
		page: docs.ssh,
		checks: 'whether the apiserver uses SSH tunnels, which Kubernetes 1.22 removed',
		fails: 'it uses them',
		warns: null,
		passBasis: 'proven',
		needs: [needFlagz, needServedFlagz, needMirrorPods, needMetrics, needActive],
		judge: sshTunnelRow,
	},
	C10: {
		title: 'Konnectivity',
		page: docs.konnectivity,
		checks:
			'whether apiservers reach nodes through Konnectivity or an HTTP CONNECT egress, and whether it works; not-applicable for the routes direct, proxy and ssh-tunnel',
		fails: 'the tunnel fails, or none of its agents is ready',
		warns: 'the apiservers differ, some agents are not ready, or the route is egress-http-connect, which may not be Konnectivity',
		passBasis: 'proven',
		needs: needsOfLegTwo,
		judge: konnectivityRow,
	},
	C11: {
		title: 'control plane to nodes, summary',
		page: docs.paths,
		checks: 'rows C1 to C3 and C6 to C8',
		fails: 'one of these rows fails',
		warns: null,
		passBasis: 'proven',
		needs: [],
		judge: (_, judged) => exposureSummary(judged),
	},
};

function kubeletStream(title: string, feature: StreamFeature): AuditRowSpec {
	return {
		title,
		page: docs.kubelet,
		checks: `leg 2 of ${title}`,
		fails: 'leg 2 is exposed: its TLS is unverified or plain, and no tunnel protects it',
		warns: 'certificates of kubelets are refused, or leg 2 is protected but the last connection failed',
		passBasis: 'proven',
		needs: needsOfLegTwo,
		judge: audit => streamRow(audit.perReplica(feature)),
	};
}

function proxied(title: string, farEnd: string, feature: StreamFeature): AuditRowSpec {
	const http = {scheme: 'http', port: null, portName: null, kubeletPort: false} as const;
	return {
		title,
		page: docs.proxied,
		checks: `leg 2 to ${farEnd}, through the apiserver proxy`,
		fails: 'leg 2 is exposed: the apiserver proxy does not verify, and no tunnel protects the leg',
		warns: 'leg 2 is protected, but the last connection failed',
		passBasis: 'proven',
		needs: needsOfLegTwo,
		judge: audit => streamRow(audit.perReplica(feature, http)),
	};
}
