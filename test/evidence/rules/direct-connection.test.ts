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
	const {socket, flags, mirrorPods, replicas} = given(facts);
	return gatewayNotExcluded(socket!.facts, {user, flags: flags[0] ?? null}, {mirrorPods, replicas});
};

/** By the user that the apiserver names in a self-review. The socket is connected to 10.0.0.5:6443. */
const byUser: ReadonlyArray<[facts: string, user: UserInfo | null, isExcluded: boolean]> = [
	['socket client-certificate', named, true],
	['socket client-certificate proxied', named, true],
	['socket client-certificate', null, false],
	['socket client-certificate', unnamed, false],
	['socket client-certificate', namedOther, false],
	['nothing', named, false],
];

for (const [facts, user, isExcluded] of byUser) {
	test(`${facts}, user ${JSON.stringify(user)}: a gateway is ${isExcluded ? '' : 'not '}ruled out`, t => {
		t.is(notExcluded(facts, user) === null, isExcluded);
	});
}

const byAddress = rowsOf(`
	nothing → possible
	flagz at=10.0.0.5 → excluded
	flagz at=10.0.0.5:443 → possible
	flagz at=10.0.0.6; endpoints 10.0.0.5 → possible # the process advertises another address
	socket proxied; flagz at=10.0.0.5 → possible
	socket to=none; flagz at=10.0.0.5 → possible
	endpoints 10.0.0.6 10.0.0.5 → excluded
	flagz; endpoints 10.0.0.5 → excluded
	endpoints 10.0.0.6 → possible
	endpoints 1 → possible # no addresses
	pod a at=10.0.0.5 → excluded
	pod a at=10.0.0.5 host=10.0.0.99 → possible # its machine does not have the address
	flagz at=10.0.0.5; replicas 1 10.0.0.5 leases=10.0.0.5,10.0.0.5 → possible # two share the address
	flagz at=10.0.0.5; replicas 1 leases=10.0.0.5,10.0.0.6,10.0.0.7 → excluded
	flagz at=10.0.0.5; replicas 1 10.0.0.5 leases=none,none → possible
`);

for (const {given: facts, expected} of byAddress) {
	test(`a gateway, ${facts}: ${expected}`, t => {
		t.is(notExcluded(facts) === null ? 'excluded' : 'possible', expected);
	});
}

test('a forbidden self-review names the needed permission, and a token needs none', t => {
	const permission = (facts: string, user: UserInfo | null = null) => notExcluded(facts, user)?.need.permission;
	t.is(permission('socket client-certificate'), 'create selfsubjectreviews');
	t.is(permission('socket client-certificate', unnamed), null);
	t.is(permission('nothing'), null);
});

test('the reason says what the client certificate lacks', t => {
	t.regex(notExcluded('nothing')!.why, /you do not authenticate with a client certificate only/);
	t.regex(notExcluded('socket client-certificate')!.why, /did not say which client certificate it saw/);
	t.regex(notExcluded('socket client-certificate', unnamed)!.why, /names no client certificate/);
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
