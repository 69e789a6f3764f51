/** A lost tunnel is lost on the way to the apiserver only where that is known; its label breaks there, and nowhere else. */
import test from 'ava';
import type {Connection} from '../../source/cluster/connection.ts';
import {SpokeError} from '../../source/errors/spoke-error.ts';
import {lossNamed, tunnelLoss} from '../../source/sessions/lost-leg.ts';

const lost = (message: string, code?: string) => new SpokeError('ERR_STREAM_LOST', message, code === undefined ? {} : {cause: Object.assign(new Error(message), {code})});

const rows: ReadonlyArray<[title: string, error: SpokeError, answers: boolean, leg: 1 | 2, message: RegExp]> = [
	['a reset of our own connection is leg 1, whoever else is answered', lost('the connection was lost: read ECONNRESET', 'ECONNRESET'), true, 1, /leg 1\) is gone$/],
	['an end while the apiserver is away is leg 1', lost('the connection ended without a WebSocket Close'), false, 1, /leg 1\) is gone$/],
	['silence while the apiserver is away is leg 1', lost('nothing was heard from the other side for 60 s'), false, 1, /leg 1\) is gone$/],
	['an end while the apiserver answers may be either', lost('the connection ended without a WebSocket Close'), true, 2, /\(leg 2\) was cut, or yours to it \(leg 1\), is not known$/],
	['silence while the apiserver answers may be either', lost('nothing was heard from the other side for 60 s'), true, 2, /is not known$/],
	['a connection that no tunnel took while the apiserver is away is leg 1', lost('no tunnel to the pod within 30 s'), false, 1, /: the apiserver \(leg 1\) answers no new connection$/],
	['a connection that nobody behind its tunnel took may stand on any leg', lost('the container runtime was not heard to take the connection within 15 s'), true, 2, /your way to it \(leg 1\), its way to the kubelet \(leg 2\) or the runtime stands still is not known$/],
	['a broken protocol is what it is', new SpokeError('ERR_PROTOCOL', 'a frame of no kind'), false, 1, /^a frame of no kind$/],
];

for (const [title, error, isAnswered, leg, message] of rows) {
	test(title, async t => {
		const named = await tunnelLoss({async connect() {
			if (!isAnswered) {
				throw new Error('nobody is here');
			}

			return {close() {}} as Connection;
		}}, error);
		t.is(named.leg, leg);
		t.regex(named.message, message);
		t.is(named.code, error.code);
	});
}

test('where credentials fail, nobody was asked, and no leg is blamed', async t => {
	const cluster = {
		async connect() {
			throw new SpokeError('ERR_CREDENTIAL_PLUGIN', 'the plugin is gone');
		},
	};
	for (const name of [tunnelLoss, lossNamed]) {
		const {message} = await name(cluster, lost('the connection ended without a WebSocket Close'));
		t.regex(message, /: whether the apiserver’s way to the kubelet \(leg 2\) was cut, or yours to it \(leg 1\), is not known$/);
	}
});
