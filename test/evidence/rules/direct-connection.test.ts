/** What excludes a gateway with the apiserver's certificate, by kind of user. */
import test from 'ava';
import type {ConnectionObservations, Observations, ReplicaFacts, SocketFacts, UserInfo} from '../../../source/evidence/evidence.ts';
import {versionFacts} from '../../../source/evidence/cluster-observations.ts';
import {gatewayNotExcluded, isCertificateLost} from '../../../source/evidence/rules/direct-connection.ts';
import {flags, makeObservation, mirrorPod, socketFacts} from '../../support/observations.ts';

const shown = 'ab'.repeat(32);
const extra = (...ids: readonly string[]) => ({'authentication.kubernetes.io/credential-id': ids});
const named: UserInfo = {username: 'ada', extra: extra(`X509SHA256=${shown}`)};
const unnamed: UserInfo = {username: 'ada', extra: {}};

const withCertificate = {...socketFacts, clientCertificateSha256: shown};
const at = (host: string, port = '6443') => flags({'advertise-address': host, 'secure-port': port});
const listed = (addresses: readonly string[] | null, leases: ReadonlyArray<string | null> | null = null): ReplicaFacts => ({
	known: 1,
	knownFrom: 'lease',
	addresses,
	leases: leases?.map(address => ({address, madeAt: null})) ?? null,
});
type Given = Partial<
	Pick<ConnectionObservations, 'user' | 'flags'> & Pick<Observations, 'mirrorPods'> & {socket: SocketFacts; replicas: ReplicaFacts}
>;
const excluded = ({socket = socketFacts, user = null, flags = null, mirrorPods = [], replicas}: Given) =>
	gatewayNotExcluded(socket, {user, flags}, {mirrorPods, replicas: replicas ? makeObservation('lease', replicas) : null});

const rows: ReadonlyArray<[title: string, findings: Given, isExcluded: boolean]> = [
	['a token, and nothing else', {}, false],
	['a certificate that the apiserver names', {socket: withCertificate, user: named}, true],
	[
		'a certificate that the apiserver names, through a proxy',
		{socket: {...withCertificate, proxy: {url: 'http://proxy', from: 'environment'}}, user: named},
		true,
	],
	['a certificate, and the review is refused', {socket: withCertificate}, false],
	['a certificate, and the apiserver names none', {socket: withCertificate, user: unnamed}, false],
	[
		'a certificate, and the apiserver names another',
		{socket: withCertificate, user: {username: 'ada', extra: extra(`X509SHA256=${'cd'.repeat(32)}`)}},
		false,
	],
	['a name in a response to a client without a certificate', {user: named}, false],
	['the address that the process advertises', {flags: at('10.0.0.5')}, true],
	['the address that the process advertises, and another port', {flags: at('10.0.0.5', '443')}, false],
	[
		'another address than the process advertises, although it is in the list of apiservers',
		{flags: at('10.0.0.6'), replicas: listed(['10.0.0.5:6443'])},
		false,
	],
	[
		'the address that the process advertises, through a proxy',
		{socket: {...socketFacts, proxy: {url: 'http://proxy', from: 'environment'}}, flags: at('10.0.0.5')},
		false,
	],
	['an address in the list of apiservers', {replicas: listed(['10.0.0.6:6443', '10.0.0.5:6443'])}, true],
	['flags that name no address, and one in the list of apiservers', {flags: flags({}), replicas: listed(['10.0.0.5:6443'])}, true],
	['an address that is not in the list of apiservers', {replicas: listed(['10.0.0.6:6443'])}, false],
	['a forbidden list of apiservers', {replicas: listed(null)}, false],
	[
		'a mirror pod that advertises this address, which its node has',
		{mirrorPods: [mirrorPod('a', {'advertise-address': '10.0.0.5'})]},
		true,
	],
	[
		'a mirror pod that advertises this address, which its node does not have',
		{mirrorPods: [mirrorPod('a', {'advertise-address': '10.0.0.5'}, false, ['10.0.0.99'])]},
		false,
	],
	[
		'flags that advertise an address, and two apiserver leases with it',
		{flags: at('10.0.0.5'), replicas: listed(['10.0.0.5:6443'], ['10.0.0.5:6443', '10.0.0.5:6443'])},
		false,
	],
	[
		'flags that advertise an address, its lease, and two of other addresses',
		{flags: at('10.0.0.5'), replicas: listed(null, ['10.0.0.5:6443', '10.0.0.6:6443', '10.0.0.7:6443'])},
		true,
	],
	['one address, and two leases that name none', {flags: at('10.0.0.5'), replicas: listed(['10.0.0.5:6443'], [null, null])}, false],
	['a socket with an unknown far end', {socket: {...socketFacts, remoteAddress: null}, flags: at('10.0.0.5')}, false],
];

for (const [title, input, isExcluded] of rows) {
	test(`${title}: a gateway is ${isExcluded ? '' : 'not '}ruled out`, t => {
		t.is(excluded(input) === null, isExcluded);
	});
}

test('a forbidden self-review names the needed permission, and a token needs none', t => {
	const permission = (input: Given) => excluded(input)?.need.permission;
	t.is(permission({socket: withCertificate}), 'create selfsubjectreviews');
	t.is(permission({socket: withCertificate, user: unnamed}), null);
	t.is(permission({}), null);
});

test('the reason says what the client certificate lacks', t => {
	t.regex(excluded({})!.why, /you do not authenticate with a client certificate only/);
	t.regex(excluded({socket: withCertificate})!.why, /did not say which client certificate it saw/);
	t.regex(excluded({socket: withCertificate, user: unnamed})!.why, /names no client certificate/);
});

const lost: ReadonlyArray<
	[title: string, user: UserInfo | null, isLost: boolean, more?: {shown?: string | null; version?: string | null}]
> = [
	['the apiserver names the client certificate', named, false],
	['the apiserver names another certificate', {username: 'ada', extra: extra(`X509SHA256=${'cd'.repeat(32)}`)}, true],
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
