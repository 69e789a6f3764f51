import test from 'ava';
import type {ClusterAccess} from '../../../source/cluster/cluster-access.ts';
import {SpokeError, type LegNumber} from '../../../source/errors/spoke-error.ts';
import {FirstLegCheck, guardQuiet} from '../../../source/sessions/logs/quiet-guard.ts';

const limits = {askAfterMs: 40, answerWithinMs: 200, readAfterMs: 60, deliverWithinMs: 20, readEveryMs: 100};
const silence = () => new SpokeError('ERR_APISERVER_TIMEOUT', 'the apiserver did not answer within 35 s');

async function givenUp(request: () => Promise<unknown>, offersMore: () => Promise<boolean>): Promise<{leg: LegNumber; error: SpokeError}> {
	const cluster = {request} as unknown as ClusterAccess;
	return new Promise(resolve => {
		const guard = guardQuiet(new FirstLegCheck(cluster, limits.answerWithinMs), limits, {offersMore, giveUp(leg, _quietMs, error) {
			guard.stop();
			resolve({leg, error});
		}});
	});
}

test('a kubelet that says nothing on the side either is told as the second leg, whose silence the apiserver’s answer makes it', async t => {
	const {leg, error} = await givenUp(async () => ({body: {resume() {}}}), async () => {
		throw silence();
	});
	t.is(leg, 2);
	t.like(error, {code: 'ERR_SECOND_LEG', leg: 2});
});

test('an apiserver that says nothing for itself is the first leg', async t => {
	const {leg, error} = await givenUp(async () => {
		throw silence();
	}, async () => false);
	t.is(leg, 1);
	t.like(error, {code: 'ERR_APISERVER_TIMEOUT', leg: 1});
});

test('lines that are offered on the side and do not come are the second leg’s', async t => {
	const {leg, error} = await givenUp(async () => ({body: {resume() {}}}), async () => true);
	t.is(leg, 2);
	t.is(error.code, 'ERR_STREAM_LOST');
});
