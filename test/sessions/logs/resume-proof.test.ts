/** Whether an answer goes on where the one before was cut. */
import {setTimeout as delay} from 'node:timers/promises';
import test, {type ExecutionContext} from 'ava';
import {ResumeProof} from '../../../source/sessions/logs/resume-proof.ts';

const line = Buffer.from('2026-11-24T14:00:00Z new\n');

/** A proof whose last line is met when the test says so, and what it told. */
function proofOf(t: ExecutionContext, {complete = true, isNewLife = false, isOffered = false, withinMs = 60_000} = {}) {
	const told: string[] = [];
	const last = {met: false, complete};
	const proof = new ResumeProof(last, {
		isNewLife: async () => isNewLife,
		offersLast: async () => isOffered,
		async tellGap(reason) {
			told.push(reason);
		},
		async back(proven) {
			told.push(proven ? 'proven' : 'not proven');
		},
	}, withinMs);
	t.teardown(() => {
		proof.stop();
	});
	return {proof, last, told};
}

test('nothing is settled until something new comes, and then once', async t => {
	const {proof, last, told} = proofOf(t);
	await proof.before(Buffer.alloc(0));
	t.deepEqual(told, []);
	last.met = true;
	await proof.before(Buffer.alloc(0));
	await proof.before(line);
	t.deepEqual(told, ['proven']);
});

test('new lines without the last one are a gap, unless another life explains them', async t => {
	const rotated = proofOf(t, {isOffered: true});
	await rotated.proof.before(line);
	t.deepEqual(rotated.told, ['last-line-not-met', 'not proven']);
	const restarted = proofOf(t, {isNewLife: true});
	await restarted.proof.before(line);
	t.deepEqual(restarted.told, ['proven']);
});

test('where nothing comes for long a read on the side tells whether the last line still will', async t => {
	const slow = proofOf(t, {isOffered: true, withinMs: 1});
	const gone = proofOf(t, {withinMs: 1});
	await delay(50);
	t.deepEqual(slow.told, ['proven']);
	t.deepEqual(gone.told, ['last-line-not-met', 'not proven']);
});

test('lines that may come twice are told before it goes on', async t => {
	const {proof, last, told} = proofOf(t, {complete: false});
	last.met = true;
	await proof.before(line);
	t.deepEqual(told, ['clock-went-back', 'proven']);
});
