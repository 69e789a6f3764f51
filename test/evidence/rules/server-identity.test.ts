import test from 'ava';
import {noClusterObservations} from '../../../source/evidence/cluster-observations.ts';
import {noConnectionObservations} from '../../../source/evidence/connection-observations.ts';
import type {
	ClusterObservations,
	ConnectionObservations,
	ServerIdentity,
	SocketFacts,
	UnavailableSource,
} from '../../../source/evidence/evidence.ts';
import {identifyServer} from '../../../source/evidence/rules/server-identity.ts';
import {flags, knownReplicas, makeObservation, socketFacts} from '../../support/observations.ts';

type Given = Partial<
	Pick<ConnectionObservations, 'flags' | 'foreignHeaders'> &
		Pick<ClusterObservations, 'ca' | 'gatewaySeen' | 'mirrorPods'> & {
			socket: SocketFacts;
			serverPath: string;
			caUnavailableReason: UnavailableSource['reason'];
		}
>;

const own = {spkiSha256: ['bb'.repeat(32)], subjects: ['CN=ca']};
const other = {spkiSha256: ['cc'.repeat(32)], subjects: ['CN=other']};
const replicas = knownReplicas(1, ['10.0.0.5:6443', '127.0.0.1:6443', '[::1]:6443']);
const identify = ({
	socket = socketFacts,
	flags = null,
	foreignHeaders = [],
	serverPath = '/',
	caUnavailableReason: reason,
	ca = own,
	gatewaySeen = null,
	mirrorPods = [],
}: Given) =>
	identifyServer(
		{...noConnectionObservations, socket: makeObservation('socket', socket), flags, foreignHeaders},
		{
			...noClusterObservations,
			ca,
			gatewaySeen,
			mirrorPods,
			replicas,
			unavailable: reason ? [{source: 'ca-comparison', where: 'GET kube-root-ca.crt', reason, need: null}] : [],
		},
		`https://10.0.0.5:6443${serverPath}`,
	);
const tls = (more: Partial<NonNullable<SocketFacts['tls']>>): SocketFacts => ({...socketFacts, tls: {...socketFacts.tls!, ...more}});
const named = (subjectAltName: string) => tls({peer: {...socketFacts.tls!.peer!, subjectAltName}});
const leafOnly = (issuer: string) => tls({peer: {...socketFacts.tls!.peer!, issuer, chainSpkiSha256: ['aa'.repeat(32)]}});

const bound = (address: string, port = '6443') => flags({'bind-address': address, 'secure-port': port});
/** Flags of k3s: pkg/daemons/control/server.go apiServer. */
const k3s = flags({
	'bind-address': '127.0.0.1',
	'secure-port': '6444',
	'advertise-address': '10.0.0.5',
	'advertise-port': '6443',
	'kubelet-certificate-authority': '/var/lib/rancher/k3s/server/tls/server-ca.crt',
	'egress-selector-config-file': '/var/lib/rancher/k3s/server/etc/egress-selector-config.yaml',
});
const at = (remoteAddress: string) => ({...socketFacts, remoteAddress});

const rows: ReadonlyArray<[title: string, findings: Given, to: ServerIdentity['to']]> = [
	['a chain to the cluster CA, with the apiserver’s name', {}, 'apiserver'],
	['the apiserver’s name, which gateways can have too, and a CA that was not read yet', {ca: null}, 'unknown'],
	['the apiserver’s name, and a CA that cannot be read', {ca: null, caUnavailableReason: 'forbidden'}, 'unknown'],
	['a server URL with a path', {serverPath: '/k8s/clusters/c-1'}, 'gateway'],
	['a CA other than the one that pods get', {ca: other}, 'gateway'],
	['a header that no apiserver sends', {foreignHeaders: ['via']}, 'gateway'],
	['two processes on one connection', {gatewaySeen: 'two processes responded to requests on one connection'}, 'gateway'],
	['plain HTTP', {socket: {...socketFacts, scheme: 'http', tls: null}}, 'gateway'],
	['skipped verification', {socket: tls({verified: false, skippedBy: 'insecure-skip-tls-verify'})}, 'unknown'],
	['a public certificate', {socket: tls({trust: 'system-roots'}), ca: null}, 'unknown'],
	['a public certificate that the cluster CA signed, too', {socket: tls({trust: 'system-roots'})}, 'unknown'],
	['another CA of the same name, sent by the server', {ca: {spkiSha256: ['cc'.repeat(32)], subjects: ['CN=ca']}}, 'gateway'],
	['the name kubernetes.default after other names', {socket: named('DNS:a,DNS:kubernetes.default')}, 'apiserver'],
	['the name kubernetes.default.svc alone', {socket: named('DNS:kubernetes.default.svc')}, 'apiserver'],
	['a name that only ends like the apiserver’s', {socket: named('DNS:api.kubernetes')}, 'unknown'],
	['a certificate without any name', {socket: named('')}, 'unknown'],
	['a certificate without the apiserver’s name', {socket: named('IP Address:10.0.0.5')}, 'unknown'],
	[
		'a certificate that the kubeconfig trusts directly, whose issuer has the name of the cluster CA',
		{socket: leafOnly('CN=ca')},
		'unknown',
	],
	['a certificate that the kubeconfig trusts directly, issued by another CA', {socket: leafOnly('CN=gateway-ca')}, 'gateway'],
	[
		'a serving certificate that the cluster gives to pods as CA',
		{socket: leafOnly('CN=kube-apiserver'), ca: {spkiSha256: ['aa'.repeat(32)], subjects: ['CN=kube-apiserver']}},
		'apiserver',
	],
	['an apiserver that listens on loopback, as in a virtual cluster', {flags: bound('127.0.0.1')}, 'unknown'],
	['an apiserver that listens on IPv6 loopback', {flags: bound('::1')}, 'unknown'],
	[
		'an apiserver that listens on loopback, with a connection to another port',
		{socket: at('127.0.0.1:11443'), flags: bound('127.0.0.1')},
		'unknown',
	],
	[
		'an apiserver that listens on loopback, where a virtual cluster’s proxy can be forwarded to',
		{socket: at('127.0.0.1:6443'), flags: bound('127.0.0.1')},
		'unknown',
	],
	[
		'an apiserver that listens on IPv6 loopback, with a connection to it and no port flag',
		{socket: at('[::1]:6443'), flags: flags({'bind-address': '::1'})},
		'unknown',
	],
	[
		'an apiserver that listens on loopback, reached through a proxy by another name',
		{socket: {...at('127.0.0.1:6443'), proxy: {url: 'http://127.0.0.1:6443', from: 'environment'}}, flags: bound('127.0.0.1')},
		'unknown',
	],
	[
		'an apiserver that advertises loopback, where the connection ends, with a token',
		{socket: {...at('127.0.0.1:6443'), clientAuth: 'token'}, flags: flags({'advertise-address': '127.0.0.1', 'secure-port': '6443'})},
		'unknown',
	],
	[
		'the sandbox, which advertises loopback, with a token',
		{
			socket: {...at('127.0.0.1:6443'), clientAuth: 'token', isMarkedAsSandbox: true},
			flags: flags({'advertise-address': '127.0.0.1', 'secure-port': '6443'}),
		},
		'apiserver',
	],
	['k3s, at the address of its own server', {socket: at('10.0.0.5:6443'), flags: k3s}, 'apiserver'],
	['k3s, at another address', {socket: at('10.0.0.9:6443'), flags: k3s}, 'unknown'],
	['k3s on loopback, where a virtual cluster’s proxy can be forwarded to', {socket: at('127.0.0.1:6443'), flags: k3s}, 'unknown'],
	[
		'k3s, through a forward proxy',
		{socket: {...at('10.0.0.5:6443'), proxy: {url: 'http://10.0.0.8:3128', from: 'environment'}}, flags: k3s},
		'unknown',
	],
	['an apiserver that listens on every address', {flags: bound('0.0.0.0')}, 'apiserver'],
	['two candidate apiservers, one of which listens on loopback', {mirrorPods: [bound('127.0.0.1'), bound('::')]}, 'apiserver'],
	['a CA other than the one that pods get, and an apiserver on loopback', {ca: other, flags: bound('127.0.0.1')}, 'gateway'],
];

test('a server identity names the permission that would separate apiserver from gateway', t => {
	const needs = (reason: Pick<Given, 'caUnavailableReason'>) => identify({ca: null, ...reason}).need?.permission;
	t.deepEqual(
		[needs({caUnavailableReason: 'forbidden'}), needs({caUnavailableReason: 'not-served'}), needs({})],
		['get configmap kube-root-ca.crt', undefined, undefined],
	);
});

test('k3s at another address names the address of its own server', t => {
	const {why, need} = identify({socket: at('127.0.0.1:6443'), flags: k3s});
	t.regex(why, /k3s’s own server at 10\.0\.0\.5:6443/);
	t.is(need?.or, 'a kubeconfig with the server https://10.0.0.5:6443');
});

test('an unknown server identity says what else the server can be', t => {
	t.regex(identify({socket: tls({trust: 'system-roots'})}).why, /an apiserver or a gateway/);
	t.regex(identify({socket: named('')}).why, /does not carry the name kubernetes\.default\.svc$/);
	t.regex(identify({flags: bound('127.0.0.1')}).why, /listens on loopback only/);
	const proxied = {...at('127.0.0.1:6443'), proxy: {url: 'http://127.0.0.1:6443', from: 'environment' as const}};
	t.regex(identify({socket: proxied, flags: bound('127.0.0.1')}).why, /listens on loopback only/);
});

test('a server with the apiserver’s certificate that can be a gateway is marked as such', t => {
	t.like(identify({socket: at('10.0.0.9:6443')}), {to: 'unknown', hasApiserverCertificate: true});
});

for (const [title, input, to] of rows) {
	test(`${title}: ${to}`, t => {
		t.is(identify(input).to, to);
	});
}
