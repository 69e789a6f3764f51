/** What excludes a gateway with the apiserver's certificate, by kind of user. */
import test from 'ava';
import type {UserInfo} from '../../../source/evidence/evidence.ts';
import {versionFacts} from '../../../source/evidence/cluster-observations.ts';
import {gatewayNotExcluded, isCertificateLost} from '../../../source/evidence/rules/direct-connection.ts';
import {given, rowsOf} from '../../support/given.ts';

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
	flagz at=10.0.0.5; replicas 2 10.0.0.5 10.0.0.6 leases=none,none → excluded
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
