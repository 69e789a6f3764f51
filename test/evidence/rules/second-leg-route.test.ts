/**
`FACTS → STATE BASIS PROTOCOL`: the words of the facts are those of support/given.ts. An active probe opens idle port-forwards, holds and
closes them: `step grpc` and `step http-connect` say which counters of the apiserver moved in step with them, `step nothing` that none did.
*/
import test from 'ava';
import {needActive} from '../../../source/evidence/rules/needs.ts';
import {secondLegRoute} from '../../../source/evidence/rules/second-leg-route.ts';
import {given, rowsOf} from '../../support/given.ts';
import {assertVerdict} from '../../support/verdict-text.ts';

const rows = rowsOf(`
	# Flags.
	flagz ca=none egress=none at=10.0.0.5; pod a at=10.0.0.5 env=proxy → direct proven # upgrades take no proxy
	gateway; flagz ca=none egress=none → direct inferred
	flagz ca=none egress=none @c8 p1; flagz ca=none egress=/egress.yaml @c9 p2; replicas 2 → unknown; needs open-connection; because the apiservers differ; it is unknown which one responds
	unopened; flagz ca=none egress=none at=10.0.0.5 p1; process p1; replicas 1 10.0.0.5 → direct proven
	unopened; flagz ca=none egress=none at=10.0.0.5 p1; process p1 → direct inferred; needs leases
	unopened; flagz ca=none egress=none at=10.0.0.5 p1; flagz ca=none egress=/egress.yaml at=10.0.0.6 @c9 p2; process p1; replicas 2 10.0.0.5 10.0.0.6 → direct inferred # the read one is at the address of the kubeconfig
	nothing → unknown; needs flagz or mirror-pods or metrics
	unopened; flagz ca=none egress=none at=10.0.0.5 p1; process p1; replicas 1 → direct proven; needs nothing

	pod a at=10.0.0.5 → direct inferred; needs flagz
	flagz ca=none egress=none; step grpc → direct proven # the flag of this process outweighs counters
	unopened; flagz ca=none egress=none p1; process p1; replicas 2; step grpc p1 → unknown; because what was read contradicts itself

	# Logs and the proxies, which may take a proxy of the apiserver’s environment; its image or runtime can set one.
	logs; flagz ca=none egress=none at=10.0.0.5; pod a at=10.0.0.5:6443 → direct inferred # it may be another apiserver’s
	logs; flagz ca=none egress=none at=10.0.0.5; pod a at=10.0.0.5:6443; replicas 1 → direct inferred
	logs; flagz ca=none egress=none at=10.0.0.5; pod a at=10.0.0.5:6443; replicas 3 → direct inferred
	logs; flagz ca=none egress=none at=10.0.0.5; pod a at=10.0.0.5:6443; endpoints 10.0.0.5 → direct inferred
	logs; flagz ca=none egress=none at=10.0.0.5; pod b at=10.0.0.6 → direct inferred # the pod of another apiserver
	logs; flagz ca=none egress=none bind-address=0.0.0.0 secure-port=6443; pod b bind-address=0.0.0.0 secure-port=6443 → direct inferred # possibly another apiserver’s pod
	logs; flagz ca=none egress=none at=10.0.0.5; pod a at=10.0.0.5 env=proxy → unknown; needs nothing; because the apiserver may use the proxy in its environment; shows egress-file-empty: egress-selector-config-file=""; shows proxy-in-environment: the apiserver’s pod sets HTTP_PROXY or HTTPS_PROXY
	logs; flagz ca=none egress=/egress.yaml at=10.0.0.5; pod a at=10.0.0.5 egress=/egress.yaml env=proxy; step grpc → unknown; because the apiserver may use the proxy in its environment
	pod-proxy; flagz ca=none egress=/egress.yaml at=10.0.0.5; pod a at=10.0.0.5 egress=/egress.yaml env=proxy; step http-connect → unknown; because the apiserver may use the proxy in its environment
	logs; version v1.19.0; pod a at=10.0.0.5 env=proxy; metrics ssh=2 → unknown; because the apiserver may use the proxy in its environment
	flagz ca=none egress=/egress.yaml at=10.0.0.5; pod a at=10.0.0.5 egress=/egress.yaml env=proxy; step grpc → konnectivity proven grpc # upgrades take no proxy
	logs; flagz ca=none egress=/egress.yaml at=10.0.0.5; pod a at=10.0.0.5 egress=/egress.yaml; step grpc → konnectivity inferred grpc; needs nothing
	logs; step grpc → konnectivity inferred grpc; needs mirror-pods
	pod-proxy; step http-connect; agents one → konnectivity inferred http-connect
	service-proxy; flagz ca=none egress=none → direct inferred
	logs; flagz ca=none egress=none at=10.0.0.5; pod a at=10.0.0.5 env=unknown → direct inferred
	logs; flagz ca=none egress=none at=10.0.0.5 authorization-mode=[Node,RBAC]; pod a at=10.0.0.5 authorization-mode=Node,RBAC env=proxy → unknown; because the apiserver may use the proxy in its environment
	logs; flagz ca=none egress=none at=10.0.0.5; pod a at=10.0.0.5; pod b at=10.0.0.5 → direct inferred # either pod may be the process’s
	logs; flagz ca=none egress=none at=10.0.0.5; pod a at=10.0.0.5:6444 → direct inferred
	logs; flagz ca=none egress=none at=10.0.0.5; pod a at=10.0.0.5 cloud-config=/c → direct inferred # /flagz does not list the argument
	logs; flagz ca=none egress=none bind-address=10.0.0.5; pod a bind-address=10.0.0.5 → direct inferred
	logs; flagz ca=none egress=none bind-address=::; pod a bind-address=:: → direct inferred
	logs; pod a at=10.0.0.5; replicas 1 10.0.0.5 → direct inferred
	logs; pod a at=10.0.0.5; replicas 2 → direct inferred
	logs; pod a at=10.0.0.5; pod b at=10.0.0.6 env=unknown; replicas 2 10.0.0.5 10.0.0.6 → direct inferred
	logs; unopened; flagz ca=none egress=none at=10.0.0.5 p1; process p1 → direct inferred; needs (mirror-pods) and (leases)
	logs; flagz ca=none egress=none; forbidden mirror-pod → direct inferred; needs mirror-pods

	# Counters of the apiserver.
	unopened; replicas 1 10.0.0.5; metrics done=3 → direct inferred
	unopened; replicas 1 10.0.0.6; metrics done=3 → direct inferred # another address than the only known one
	flagz ca=none egress=/egress.yaml; metrics → unknown; needs active; because an egress file is set, but was not in use when the metrics were read # not used so far
	flagz ca=none egress=/egress.yaml; metrics done=2 → direct inferred # its entry "cluster" says Direct
	metrics tls-failures=1 tunnels=1 dials=grpc/uds:4 → konnectivity inferred grpc
	flagz ca=none egress=/egress.yaml; metrics done=4 tunnels=1 dials=grpc/uds:4 → konnectivity inferred grpc
	flagz ca=none egress=/egress.yaml; metrics done=4 dials=http-connect/uds:4 → egress-http-connect inferred http-connect
	process p1; metrics done=4 tunnels=1 dials=grpc/uds:4 @c9 p2 → unknown # another process
	answered; metrics done=4 tunnels=1 dials=grpc/uds:4 @c9 → unknown; because what says so may not be from the apiserver that responds
	answered; version v1.19.0; metrics ssh=2 @c9 → unknown # another apiserver’s
	answered; step grpc @c9 → unknown
	unopened; metrics done=4 tunnels=1 dials=grpc/uds:4 @c9 → konnectivity inferred grpc
	unopened; endpoints 10.0.0.5; metrics done=3 → direct inferred
	unopened; flagz at=10.0.0.6 @c9; replicas 1 10.0.0.5; metrics done=3 → direct inferred # another one was found that is not in the list
	flagz ca=none egress=none @c8 p1; flagz ca=none egress=/egress.yaml @c9 p2; replicas 2; metrics done=3 @c9 → unknown
	metrics done=4 tunnels=1 dials=grpc/uds:4 @c9; metrics done=3 → direct inferred
	metrics done=3 @c9 → direct inferred
	metrics done=2 tls-failures=1 → direct inferred
	metrics tls-failures=none → unknown # refusals are not counted
	metrics done=4 tunnels=1 dials=http-connect/uds:4,grpc/uds:4 → konnectivity inferred grpc
	metrics → unknown; needs flagz or mirror-pods
	flagz ca=none egress=/egress.yaml; process p1; metrics; metrics @c9 p2 → unknown; needs active; because an egress file is set, but was not in use when the metrics were read
	metrics done=4 tunnels=1 dials=grpc/uds:4 → konnectivity inferred grpc; needs active
	logs; flagz ca=none egress=none; not-served metrics → direct inferred; needs mirror-pods

	# Upgrades that an active probe held, and the agents that carried them.
	unopened; flagz ca=none egress=/egress.yaml p1; process p1; replicas 2; step grpc p1 → konnectivity inferred grpc
	unopened; flagz ca=none egress=/egress.yaml at=10.0.0.5 p1; process p1; replicas 1; step grpc p1 → konnectivity proven grpc
	unopened; flagz ca=none egress=none p1; flagz ca=none egress=/egress.yaml @c9 p2; process p1; replicas 2; step nothing p1 → unknown
	step http-connect → egress-http-connect proven http-connect; needs agent-metrics
	step nothing → direct proven
	gateway; step nothing → direct inferred
	step undecided → unknown
	agents several @c9 → unknown
	agents several @c9; agents one → unknown
	step grpc; agents one → konnectivity proven grpc
	step nothing; agents one → direct proven # the counters of the process outweigh agents
	flagz ca=none egress=none; agents one → direct proven
	flagz ca=none egress=none @c9; agents one → direct inferred
	step nothing @c9 → direct inferred
	process p1; step grpc @c9 p2 → unknown
	flagz ca=none egress=none @c8 p1; flagz ca=none egress=/egress.yaml @c9 p2; replicas 2; step grpc → konnectivity proven grpc
	probed; metrics done=4 tunnels=1 dials=grpc/uds:4; step undecided → konnectivity inferred grpc; needs step-test
	unopened; process p1; step grpc p1 → konnectivity inferred grpc; needs leases
	step http-connect agents-read → egress-http-connect proven http-connect; needs steady-agents
	flagz ca=none egress=/egress.yaml advertise-port=6443; step http-connect → egress-http-connect proven http-connect; needs nothing # k3s, which has no Konnectivity
	unopened; flagz ca=none egress=/egress.yaml advertise-port=6443 p1; process p1; step http-connect p1 → egress-http-connect inferred http-connect; needs leases
	unopened; flagz ca=none egress=/egress.yaml at=10.0.0.5 advertise-port=6443 p1; process p1; replicas 1; step http-connect p1 → egress-http-connect proven http-connect; needs nothing
	agents one → unknown; needs flagz or mirror-pods or metrics
	unopened; process p1; agents one p1 → unknown; needs flagz or mirror-pods or metrics
	unopened; flagz at=10.0.0.5 p1; process p1; replicas 1 10.0.0.5; step grpc p1 → konnectivity proven grpc; needs nothing
	unopened; process p1; replicas 1 10.0.0.6; step grpc p1 → konnectivity inferred grpc; needs apiserver-itself
	unopened; process p1; replicas 1 10.0.0.5; agents one p1 → unknown; needs flagz or mirror-pods or metrics

	# Failures whose message only a tunnel sends, unless a far end makes it up.
	text konnectivity → unknown
	flagz ca=/ca.pem; text konnectivity → unknown # a verified kubelet can forge it
	logs; text konnectivity → unknown # about a log, which an agent can have written
	step nothing; text konnectivity → direct proven
	metrics done=4 dials=http-connect/uds:4; text konnectivity → egress-http-connect inferred http-connect
	unopened; process p1; replicas 3; text konnectivity → unknown # the next connection may end at another apiserver
	pod-proxy; text konnectivity → unknown # the pod can send anything
	pod-proxy; step nothing; text konnectivity → direct inferred
	flagz ca=none egress=none; text konnectivity → direct proven # forged
	process p1; agents several @c9 p2; text konnectivity @c9 p2 → unknown
	text egress-http-connect → unknown
	flagz ca=none egress=none; text other → direct proven
	flagz ca=none egress=/egress.yaml; text konnectivity → unknown
	flagz ca=none egress=none @c9; text konnectivity → direct inferred

	# Metric families that are disabled: nothing moved is nothing seen.
	flagz ca=none egress=/egress.yaml disabled-metrics=[apiserver_egress_dialer_dial_start_total]; metrics done=2 → unknown
	flagz ca=none egress=/egress.yaml disabled-metrics=[apiserver_egress_dialer_dial_start_total]; step nothing → unknown
	flagz ca=none egress=/egress.yaml disabled-metrics=[apiserver_egress_dialer_dial_start_total]; step nothing; agents one → unknown
	flagz disabled-metrics=[] @c9 p2; process p1; metrics left-out=2 p1; step nothing p1 → unknown
	flagz disabled-metrics=[etcd_bookmark_counts]; metrics left-out=1; step nothing → direct proven
	flagz disabled-metrics=[apiserver_egress_dialer_dial_start_total] @c9; step nothing → unknown
	metrics left-out=2; step nothing → unknown
	metrics done=2 left-out=2 → unknown
	flagz disabled-metrics=none @c9; metrics done=2 → direct inferred
	flagz disabled-metrics=none @c9; metrics done=2 left-out=2 → unknown # those of this apiserver
	flagz ca=none egress=/egress.yaml disabled-metrics=[etcd_bookmark_counts]; step nothing → direct proven
	flagz ca=none egress=/egress.yaml disabled-metrics=[konnectivity_network_proxy_client_client_connections]; step nothing → unknown

	# SSH tunnels, which apiservers before 1.22 have.
	version v1.21.5; pod a at=10.0.0.5 ssh-user=core; replicas 1 → unknown
	unopened; version v1.21.5; pod a at=10.0.0.5 egress=none ssh-user=core; pod b at=10.0.0.6 egress=none ssh-user=none; replicas 2 → unknown; because the apiservers differ; it is unknown which one responds
	version v1.19.0; metrics ssh=2 → ssh-tunnel inferred ssh; shows ssh-tunnels-counted: ssh_tunnel_open_count 2
	pod a at=10.0.0.5 ssh-user=core; replicas 1 → direct inferred # 1.36 has no such flag
	unopened; pod a at=10.0.0.5 egress=none ssh-user=core; pod b at=10.0.0.6 egress=none ssh-user=none; replicas 2 → direct inferred
	version v1.21.5; step nothing → direct inferred
	version v1.22.4; step nothing → direct inferred # this one may be 1.21
	version v1.22.4; flagz at=10.0.0.5; replicas 1 10.0.0.5; step nothing → direct proven
	version v1.23.0; step nothing → direct proven # 1.23 cannot coexist with an apiserver before 1.22
	version none; step nothing → direct inferred
	version none; step nothing; flagz ca=none ssh-user=none → direct proven
	version none; step nothing; flagz ca=none ssh-user=none @c9 → direct inferred
	version v1.29.1-gke.1589000; step nothing → direct inferred # a vendor’s build
	version v1.36.1+k3s1; flagz ca=none egress=none → direct proven # its /flagz knows no SSH flag
	version v1.20.0; pod a at=10.0.0.5 → direct inferred
	version v1.19.0; metrics ssh=0 → unknown
	version v1.22.4 @c1; step nothing → direct proven # the version of this connection
	logs; flagz ca=none egress=none; no-response version; not-served mirror-pod → direct inferred; needs environment

	# What the evidence says.
	flagz ca=none egress=none → direct proven; needs nothing; shows egress-file-empty: egress-selector-config-file=""
	logs; flagz ca=none egress=none → direct inferred; needs mirror-pods; shows egress-file-empty: egress-selector-config-file=""; shows environment-proxy-possible: the apiserver’s environment, which was not observed, may set HTTP_PROXY or HTTPS_PROXY; logs and the proxies would use it, but no upgrade does (shells, forwards)
	logs; flagz ca=none egress=none at=10.0.0.5; pod a at=10.0.0.5:6443 → direct inferred; shows egress-file-empty: egress-selector-config-file=""; shows no-proxy-in-environment: the apiserver’s pod sets no HTTP_PROXY or HTTPS_PROXY
	flagz ca=none egress=/egress.yaml → unknown; needs metrics; because an egress file is set; the flag does not show which route it selects; shows egress-file-set: egress-selector-config-file="/egress.yaml" # its entry "cluster" may say Direct
	metrics tls-failures=1 → direct inferred; shows dials-without-egress: 1 log read refused for a certificate, no apiserver_egress_dialer series
	step grpc → konnectivity proven grpc; needs nothing; shows step-test: grpc
	step http-connect; agents one → konnectivity inferred http-connect; shows step-test: http-connect; shows agent-carried-held-streams: 1→4→1, 1→6→1
	metrics done=2 tls-failures=3 → direct inferred; shows dials-without-egress: 2 requests to kubelets, pods or services done, no apiserver_egress_dialer series
	metrics tls-failures=2 → direct inferred; shows dials-without-egress: 2 log reads refused for a certificate, no apiserver_egress_dialer series
	metrics done=1 → direct inferred; shows dials-without-egress: 1 request to kubelets, pods or services done, no apiserver_egress_dialer series
	metrics tunnels=1 dials=grpc/uds:1 → konnectivity inferred grpc; shows egress-dials-counted: 1 dial by grpc over uds; 1 tunnel open
	metrics tunnels=0 dials=grpc/uds:2,http-connect/tcp:1 → konnectivity inferred grpc; shows egress-dials-counted: 2 dials by grpc over uds, 1 dial by http-connect over tcp; 0 tunnels open
	metrics done=4 dials=http-connect/uds:4 → egress-http-connect inferred http-connect; shows egress-dials-counted: 4 dials by http-connect over uds
`);

for (const {given: facts, expected} of rows) {
	test(`${facts} → ${expected}`, t => {
		const observations = given(facts);
		assertVerdict(t, secondLegRoute(observations), observations, expected);
	});
}

test('the name or label of a pod does not affect the route', t => {
	for (const feature of ['logs', 'exec', 'attach', 'port-forward', 'pod-proxy']) {
		t.is(secondLegRoute(given(feature)).state, 'unknown');
	}
});

test('an unknown route says what a test that decided nothing has shown', t => {
	const {why, citations} = secondLegRoute(given('step undecided'));
	t.is(why, 'the route test did not decide it');
	t.deepEqual(
		citations.map(({rule}) => rule),
		['step-test'],
	);
	t.is(secondLegRoute(given('nothing')).why, undefined);
});

test('without permission for the metrics, no test of the route decides it', t => {
	const needsIf = (facts: string) => new Set(secondLegRoute(given(facts)).need.flatMap(({or}) => or ?? []));
	t.deepEqual([...needsIf('forbidden metrics')], []);
	t.deepEqual([...needsIf('not-requested metrics')], [needActive.or]);
});
