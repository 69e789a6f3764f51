/** Who is known by another certificate than the one that was shown met a gateway; whatever else may explain it says nothing. */
import {Readable} from 'node:stream';
import test from 'ava';
import type {Connection, RequestOptions} from '../../../source/cluster/connection.ts';
import {certificateWasLost, readOwnUser, type UserInfo} from '../../../source/posture/probes/client-certificate.ts';
import {versionFacts} from '../../../source/posture/probes/cluster-version.ts';
import {socketFacts} from '../../support/grounds.ts';

const shown = 'ab'.repeat(32);
const extra = (...ids: readonly string[]) => ({'authentication.kubernetes.io/credential-id': ids});

const rows: ReadonlyArray<[title: string, user: UserInfo | null, isLost: boolean, more?: {shown?: string | null; version?: string | null}]> = [
	['it is known by the certificate', {username: 'ada', extra: extra(`X509SHA256=${shown}`)}, false],
	['it is known by another one', {username: 'ada', extra: extra(`X509SHA256=${'cd'.repeat(32)}`)}, true],
	['it is known by a token', {username: 'ada', extra: extra('JTI=4')}, true],
	['it is known by a name only, as whoever is impersonated', {username: 'ada', extra: {}}, true],
	['it is known by a name only, and nothing more is said', {username: 'ada'}, true],
	['it is known by something that is no list', {username: 'ada', extra: {'authentication.kubernetes.io/credential-id': `X509SHA256=${shown}`}}, true],
	['it is nobody in particular', {username: 'system:anonymous'}, false],
	['nobody says who it is', {}, false],
	['the review was not answered', null, false],
	['no certificate was shown alone', {username: 'ada'}, false, {shown: null}],
	['the apiserver names no certificates yet', {username: 'ada'}, false, {version: 'v1.31.9'}],
	['the apiserver is the first to name certificates', {username: 'ada'}, true, {version: 'v1.32.0'}],
	['the apiserver is of a later major version', {username: 'ada'}, true, {version: 'v2.0.0'}],
	['its version is not known', {username: 'ada'}, false, {version: null}],
];

for (const [title, user, isLost, {shown: certificate = shown, version = 'v1.36.3'} = {}] of rows) {
	test(`${title}: ${isLost ? 'a gateway' : 'nothing is said'}`, t => {
		t.is(certificateWasLost(certificate, user, version === null ? null : versionFacts(version) ?? null), isLost);
	});
}

/** Answers every request alike. */
function connection(shownCertificate: string | null, answer: Error | {status: number; body: string}) {
	const asked: RequestOptions[] = [];
	const facts = {...socketFacts, shownCertificate};
	const made: Pick<Connection, 'facts' | 'request'> = {facts, async request(options) {
		asked.push(options);
		if (answer instanceof Error) {
			throw answer;
		}

		return {status: answer.status, statusText: '', headers: {}, endsByClose: false, body: Readable.from([Buffer.from(answer.body)]), connection: {id: 'c1', facts}};
	}};
	return {asked, made};
}

for (const [title, answer, user] of [
	['a review', {status: 201, body: '{"status":{"userInfo":{"username":"ada"}}}'}, {username: 'ada'}],
	['a refusal', {status: 403, body: '{"kind":"Status","status":"Failure"}'}, null],
	['a page of a gateway', {status: 200, body: '<html>'}, null],
	['a status that is null', {status: 201, body: '{"status":null}'}, null],
	['nothing', {status: 201, body: 'null'}, null],
	['a connection that is lost', new Error('reset'), null],
] as const) {
	test(`${title} as the answer to our own review: ${user === null ? 'it tells nothing' : 'it tells who we are'}`, async t => {
		const {asked, made} = connection(shown, answer);
		t.deepEqual(await readOwnUser(made, {timeoutMs: 10_000}), user);
		t.like(asked[0], {method: 'POST', path: '/apis/authentication.k8s.io/v1/selfsubjectreviews'});
	});
}

test('who shows no certificate, or more than it, does not ask', async t => {
	const {asked, made} = connection(null, {status: 201, body: '{}'});
	t.is(await readOwnUser(made, {timeoutMs: 10_000}), null);
	t.deepEqual(asked, []);
});
