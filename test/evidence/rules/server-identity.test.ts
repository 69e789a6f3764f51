import test from 'ava';
import {noClusterObservations, versionFacts, noConnectionObservations} from '../../../source/evidence/connection-observations.ts';
import type {CaFacts, ServerIdentity, UnavailableSource, UserInfo} from '../../../source/evidence/evidence.ts';
import {identifyServer, gatewayNotExcluded, isCertificateLost} from '../../../source/evidence/rules/first-leg.ts';
import {given, rowsOf} from '../../support/given.ts';

/** By words: the CA that pods get, own unless a row says otherwise. */
const clusterCas: Readonly<Record<string, CaFacts | null>> = {
	'ca own': {spkiSha256: ['bb'.repeat(32)], subjects: ['CN=ca']},
	'ca none': null,
	'ca other': {spkiSha256: ['cc'.repeat(32)], subjects: ['CN=other']},
	'ca other-of-same-name': {spkiSha256: ['cc'.repeat(32)], subjects: ['CN=ca']},
	'ca leaf': {spkiSha256: ['aa'.repeat(32)], subjects: ['CN=kube-apiserver']},
};
const ownWord = /^(?:ca|path|header|two-processes|ca-unavailable)\b/;

/**
`FACTS`: those of support/given.ts, by default the flags of an apiserver at 10.0.0.5, the cluster's CA, the path of the server URL, and
signs of a gateway.
*/
function identify(facts: string): ServerIdentity {
	const words = facts.split('; ');
	const wordOf = (name: string) => words.find(word => word.startsWith(`${name} `))?.slice(name.length + 1);
	const read = words.filter(word => !ownWord.test(word));
	const {socket, flags} = given([...read, ...(read.some(word => word.startsWith('flagz')) ? [] : ['flagz at=10.0.0.5'])].join('; '));
	const reason = wordOf('ca-unavailable') as UnavailableSource['reason'] | undefined;
	const header = wordOf('header');
	return identifyServer(
		{...noConnectionObservations, socket, flags: flags[0] ?? null, foreignHeaders: header?.split(',') ?? []},
		{
			...noClusterObservations,
			ca: clusterCas[words.find(word => word in clusterCas) ?? 'ca own']!,
			gatewaySeen: words.includes('two-processes') ? 'two processes responded to requests on one connection' : null,
			replicas: given('replicas 1 10.0.0.5 127.0.0.1 [::1]:6443').replicas,
			unavailable: reason ? [{source: 'ca-comparison', where: 'GET kube-root-ca.crt', reason, need: null}] : [],
		},
		`https://10.0.0.5:6443${wordOf('path') ?? '/'}`,
	);
}

/** Flags of k3s: pkg/daemons/control/server.go apiServer. */
const k3s =
	'flagz bind-address=127.0.0.1 secure-port=6444 advertise-address=10.0.0.5 advertise-port=6443 ' +
	'ca=/var/lib/rancher/k3s/server/tls/server-ca.crt egress=/var/lib/rancher/k3s/server/etc/egress-selector-config.yaml';

const rows = rowsOf(`
	nothing → apiserver # a chain to the cluster CA, with the apiserver’s name
	ca none → unknown # gateways can have the name, too
	ca none; ca-unavailable forbidden → unknown
	path /k8s/clusters/c-1 → gateway
	ca other → gateway
	header via → gateway # no apiserver sends it
	two-processes → gateway
	socket none → unknown
	socket plain → gateway
	socket unverified → unknown
	socket public; ca none → unknown
	socket public → unknown # the cluster CA signed it, too
	ca other-of-same-name → gateway # sent by the server

	# Names of the certificate.
	socket san=DNS:a,_DNS:kubernetes.default → apiserver
	socket san=URI:"spiffe://gateway/a,_DNS:kubernetes,_b" → unknown # as Node writes a name that has commas
	socket san=DNS:kubernetes.default.svc → apiserver
	socket san=DNS:api.kubernetes → unknown
	socket san=none → unknown
	socket san=IP_Address:10.0.0.5 → unknown

	# The kubeconfig trusts the certificate directly.
	socket issuer=CN=ca → unknown # of the name of the cluster CA
	socket issuer=CN=gateway-ca → gateway
	socket issuer=CN=kube-apiserver; ca leaf → apiserver # the cluster gives it to pods as CA

	# An apiserver on loopback, as in a virtual cluster, whose proxy can be forwarded to.
	flagz bind-address=127.0.0.1 secure-port=6443 → unknown
	flagz bind-address=::1 secure-port=6443 → unknown
	socket to=127.0.0.1:11443; flagz bind-address=127.0.0.1 secure-port=6443 → unknown
	socket to=127.0.0.1; flagz bind-address=127.0.0.1 secure-port=6443 → unknown
	socket to=[::1]:6443; flagz bind-address=::1 → unknown
	socket proxied to=127.0.0.1; flagz bind-address=127.0.0.1 secure-port=6443 → unknown
	socket token to=127.0.0.1; flagz at=127.0.0.1 → unknown
	socket token sandbox to=127.0.0.1; flagz at=127.0.0.1 → apiserver
	flagz advertise-address=10.0.0.5 bind-address=0.0.0.0 secure-port=6443 → apiserver # on every address
	flagz bind-address=0.0.0.0 secure-port=6443 → unknown # it advertises none
	ca other; flagz bind-address=127.0.0.1 secure-port=6443 → gateway

	# k3s, whose own server is at the advertised address.
	socket to=10.0.0.5; ${k3s} → apiserver
	socket to=10.0.0.9; ${k3s} → unknown
	socket to=127.0.0.1; ${k3s} → unknown # a virtual cluster’s proxy can be forwarded to
	socket proxied; ${k3s} → unknown
`);

for (const {given: facts, expected} of rows) {
	test(`the server, ${facts.replace(k3s, 'k3s')}: ${expected}`, t => {
		t.is<string, string>(identify(facts).to, expected);
	});
}

test('a server identity names the permission that would separate apiserver from gateway', t => {
	const permission = (facts: string) => identify(facts).need?.permission;
	t.deepEqual(
		[permission('ca none; ca-unavailable forbidden'), permission('ca none; ca-unavailable not-served'), permission('ca none')],
		['get configmap kube-root-ca.crt', undefined, undefined],
	);
});

test('a gateway is named by the headers that no apiserver sends', t => {
	t.is(identify('header via,x-envoy').why, 'responses carry via, x-envoy, which no apiserver sends');
});

test('k3s at another address names the address of its own server', t => {
	const {why, need} = identify(`socket to=127.0.0.1; ${k3s}`);
	t.regex(why, /k3s’s own server at 10\.0\.0\.5:6443/);
	t.is(need?.or, 'a kubeconfig with the server https://10.0.0.5:6443');
});

test('an unknown server identity says what else the server can be', t => {
	t.regex(identify('socket public').why, /an apiserver or a gateway/);
	t.regex(identify('socket san=none').why, /does not carry the name kubernetes\.default\.svc$/);
	t.regex(identify('flagz bind-address=127.0.0.1 secure-port=6443').why, /listens on loopback only/);
	t.regex(identify('socket proxied to=127.0.0.1; flagz bind-address=127.0.0.1 secure-port=6443').why, /listens on loopback only/);
});

test('a server with the apiserver’s certificate that can be a gateway is marked as such', t => {
	t.like(identify('socket to=10.0.0.9'), {to: 'unknown', hasApiserverCertificate: true});
});

const shown = 'ab'.repeat(32);

const extra = (...ids: readonly string[]) => ({'authentication.kubernetes.io/credential-id': ids});
const named: UserInfo = {username: 'ada', extra: extra(`X509SHA256=${shown}`)};
const namedOther: UserInfo = {username: 'ada', extra: extra(`X509SHA256=${'cd'.repeat(32)}`)};
const unnamed: UserInfo = {username: 'ada', extra: {}};

const notExcluded = (facts: string, user: UserInfo | null = null) => {
	const {socket, flags, replicas, unavailable} = given(facts);
	return gatewayNotExcluded(socket!.facts, {user, flags: flags[0] ?? null, unavailable}, {replicas});
};

/** By the user that the apiserver names in a self-review. The socket is connected to 10.0.0.5:6443. */
const byUser: ReadonlyArray<[facts: string, user: UserInfo | null, isExcluded: boolean]> = [
	['flagz requestheader-client-ca-file=none; socket client-certificate', named, true],
	['flagz requestheader-client-ca-file=none; socket client-certificate proxied', named, true],
	['flagz requestheader-client-ca-file=none; socket client-certificate', null, false],
	['flagz requestheader-client-ca-file=none; socket client-certificate', unnamed, false],
	['flagz requestheader-client-ca-file=none; socket client-certificate', namedOther, false],
	['flagz requestheader-client-ca-file=none', named, false],
	// A front proxy can relay the name, with another apiserver behind it than the one that names it.
	['flagz requestheader-client-ca-file=/front.crt; socket client-certificate', named, false],
	['flagz; socket client-certificate', named, false],
	['socket client-certificate', named, false],
];

for (const [facts, user, isExcluded] of byUser) {
	test(`${facts}, user ${JSON.stringify(user)}: a gateway is ${isExcluded ? '' : 'not '}ruled out`, t => {
		t.is(notExcluded(facts, user) === null, isExcluded);
	});
}

const byAddress = rowsOf(`
	nothing → possible
	flagz at=10.0.0.5; replicas 1 10.0.0.5 → excluded
	flagz at=10.0.0.5:443; replicas 1 10.0.0.5 → possible
	flagz at=10.0.0.6; replicas 1 10.0.0.5 → possible # the process advertises another address
	socket proxied; flagz at=10.0.0.5; replicas 1 10.0.0.5 → possible
	socket to=none; flagz at=10.0.0.5; replicas 1 10.0.0.5 → possible

	# It must listen there.
	flagz at=10.0.0.5 bind-address=10.0.0.5; replicas 1 10.0.0.5 → excluded
	flagz at=10.0.0.5 bind-address=10.1.1.1; replicas 1 10.0.0.5 → possible
	flagz advertise-address=10.0.0.5 secure-port=6443; replicas 1 10.0.0.5 → possible # where it listens is not known
	socket to=[fd00::5]:6443; flagz at=fd00::5 bind-address=::; replicas 1 [fd00::5]:6443 → excluded
	socket to=[fd00::5]:6443; flagz at=fd00::5 bind-address=fd00::5; replicas 1 [fd00::5]:6443 → excluded

	# Without its flags, only objects name its address, and whoever may write them can have added it.
	replicas 2 10.0.0.6 10.0.0.5 → possible
	flagz; replicas 1 10.0.0.5 → possible
	pod a at=10.0.0.5; replicas 1 10.0.0.5 → possible

	# Several apiservers can advertise the address of their balancer: unknown leases do not exclude that.
	flagz at=10.0.0.5 → possible
	flagz at=10.0.0.5; endpoints 10.0.0.5 → possible
	flagz at=10.0.0.5; replicas unknown → possible
	flagz at=10.0.0.5; replicas 1 10.0.0.5 leases=10.0.0.5,10.0.0.5 → possible
	flagz at=10.0.0.5; replicas 1 leases=10.0.0.5,10.0.0.6,10.0.0.7 → excluded
	flagz at=10.0.0.5; replicas 1 10.0.0.5 leases=none,none → possible
	flagz at=10.0.0.5; replicas 2 10.0.0.5 10.0.0.6 leases=none,none → possible # whoever registers the other endpoint excludes nothing
	flagz at=10.0.0.5; replicas 2 10.0.0.5 leases=10.0.0.5,none → possible
`);

for (const {given: facts, expected} of byAddress) {
	test(`a gateway, ${facts}: ${expected}`, t => {
		t.is(notExcluded(facts) === null ? 'excluded' : 'possible', expected);
	});
}

test('a need is what would exclude a gateway', t => {
	const permission = (facts: string, user: UserInfo | null = null) => notExcluded(facts, user)?.need.permission;
	t.is(permission('flagz requestheader-client-ca-file=none; socket client-certificate'), 'create selfsubjectreviews');
	t.is(permission('flagz requestheader-client-ca-file=none; socket client-certificate', unnamed), null);
	t.is(permission('flagz; socket client-certificate'), null);
	t.is(permission('nothing'), 'get nonResourceURL /flagz');
	t.regex(notExcluded('not-served flagz')?.need.or ?? '', /^an apiserver that serves \/flagz/);
	t.is(permission('flagz at=10.0.0.5'), 'list leases in kube-system');
});

test('the reason says what the client certificate lacks', t => {
	t.regex(notExcluded('nothing')!.why, /the flags of the process that answers were not read/);
	t.regex(notExcluded('flagz')!.why, /you do not authenticate with a client certificate only/);
	t.regex(notExcluded('flagz; socket client-certificate')!.why, /did not say which client certificate it saw/);
	t.regex(notExcluded('flagz; socket client-certificate', unnamed)!.why, /names no client certificate/);
	t.regex(notExcluded('flagz; socket client-certificate', named)!.why, /a front proxy can relay the name/);
	t.regex(notExcluded('flagz at=10.0.0.5')!.why, /not known that no other apiserver advertises 10\.0\.0\.5:6443/);
});

const lost: ReadonlyArray<
	[title: string, user: UserInfo | null, isLost: boolean, more?: {shown?: string | null; version?: string | null}]
> = [
	['the apiserver names the client certificate', named, false],
	['the apiserver names another certificate', namedOther, true],
	['the apiserver names a token', {username: 'ada', extra: extra('JTI=4')}, true],
	['the user has an empty extra field, as an impersonated user has', unnamed, true],
	['the user has a name and no credential', {username: 'ada'}, true],
	[
		'the credential is a string instead of a list',
		{username: 'ada', extra: {'authentication.kubernetes.io/credential-id': `X509SHA256=${shown}`}},
		true,
	],
	['the user is anonymous', {username: 'system:anonymous'}, false],
	['the review names no user', {}, false],
	['the review was not read', null, false],
	['the client did not authenticate with a certificate only', {username: 'ada'}, false, {shown: null}],
	['the apiserver is too old to name certificates', {username: 'ada'}, false, {version: 'v1.31.9'}],
	['the apiserver has the first version that names certificates, and names none', {username: 'ada'}, true, {version: 'v1.32.0'}],
	['the apiserver has a later major version, and names no certificate', {username: 'ada'}, true, {version: 'v2.0.0'}],
	['the version of the apiserver is unknown', {username: 'ada'}, false, {version: null}],
];

for (const [title, user, isLost, {shown: certificate = shown, version = 'v1.36.3'} = {}] of lost) {
	test(`${title}: ${isLost ? 'a gateway is in between' : 'no gateway is inferred'}`, t => {
		t.is(isCertificateLost(certificate, user, version === null ? null : (versionFacts(version) ?? null)), isLost);
	});
}
