/** The leg on which a path failed. */
import test from 'ava';
import {failedLeg, formatPathLine} from '../../source/evidence/path-line.ts';
import type {Path} from '../../source/evidence/evidence.ts';
import {SpokeError} from '../../source/base/errors/spoke-error.ts';
import {streamLostError} from '../../source/wire/protocol-error.ts';

const lost = streamLostError('the other side ended the connection');
const legs = [
	{to: 'apiserver', tls: {state: 'verified'}, route: {state: 'direct'}},
	{to: 'kubelet', tls: {state: 'unverified'}, route: {state: 'direct'}},
] as unknown as Path['legs'];

const rows = [
	['is leg 1', lost.withChanges({leg: 1, legKnown: true}), 1, 'path: you -verified-x apiserver'],
	['is leg 2', lost.withChanges({leg: 2, legKnown: true}), 2, 'path: you -verified-> apiserver -direct,unverified-x kubelet n1'],
	['is unknown', lost, null, 'path: you -verified-> apiserver -direct,unverified-> kubelet n1'],
	[
		'is unknown, in another message',
		lost.withChanges({message: 'it is gone'}),
		null,
		'path: you -verified-> apiserver -direct,unverified-> kubelet n1',
	],
	[
		'is the one of another known failure',
		new SpokeError('ERR_SECOND_LEG', 'no agent'),
		2,
		'path: you -verified-> apiserver -direct,unverified-x kubelet n1',
	],
] as const;

for (const [title, error, leg, line] of rows) {
	test(`a path whose lost leg ${title} breaks there, and nowhere else`, t => {
		const path = {phase: 'failed', error: error.toJSON(), legs, target: {kind: 'Pod', name: 'web', node: 'n1'}} as unknown as Path;
		t.is(failedLeg(path), leg);
		t.is(formatPathLine({...path, legs: path.legs}), line);
		t.is(error.legKnown, leg !== null);
	});
}

test('an intact path has no broken leg', t => {
	t.is(failedLeg({phase: 'settled', error: null, broken: null}), null);
});
