/** The user that an apiserver sees on one connection. */
import {Readable} from 'node:stream';
import test from 'ava';
import {readUserInfo} from '../../../source/evidence/probes/access.ts';
import type {PipelinedOptions, Connection} from '../../../source/cluster/cluster-client.ts';
import {socketFacts} from '../../support/observations.ts';

/** Answers every request alike. */
function connection(shownCertificate: string | null, answer: Error | {status: number; body: string}) {
	const requests: PipelinedOptions[] = [];
	const facts = {...socketFacts, clientCertificateSha256: shownCertificate};
	const made: Pick<Connection, 'facts' | 'pipelined'> = {
		facts,
		async pipelined(options) {
			requests.push(options);
			if (answer instanceof Error) {
				throw answer;
			}

			return {
				status: answer.status,
				statusText: '',
				headers: {},
				endsByClose: false,
				body: Readable.from([Buffer.from(answer.body)]),
				connection: {id: 'c1', facts},
			};
		},
	};
	return {requests, made};
}

for (const [title, answer, user] of [
	['a review', {status: 201, body: '{"status":{"userInfo":{"username":"ada"}}}'}, {username: 'ada'}],
	['a refusal', {status: 403, body: '{"kind":"Status","status":"Failure"}'}, null],
	['a page of a gateway', {status: 200, body: '<html>'}, null],
	['a status that is null', {status: 201, body: '{"status":null}'}, null],
	['nothing', {status: 201, body: 'null'}, null],
	['a connection that is lost', new Error('reset'), null],
] as const) {
	test(`${title} as response to the self-review ${user === null ? 'is unavailable' : 'names the user'}`, async t => {
		const {requests, made} = connection('ab'.repeat(32), answer);
		t.deepEqual(await readUserInfo(made, 10_000), user);
		t.is(requests[0]?.path, '/apis/authentication.k8s.io/v1/selfsubjectreviews');
		t.like(JSON.parse(requests[0]?.review ?? '{}'), {kind: 'SelfSubjectReview'});
	});
}

test('a self-review is sent only for a client certificate alone', async t => {
	const {requests, made} = connection(null, {status: 201, body: '{}'});
	t.is(await readUserInfo(made, 10_000), null);
	t.deepEqual(requests, []);
});
