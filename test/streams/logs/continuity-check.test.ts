/** Whether an answer goes on where the one before was cut. */
import {setTimeout as delay} from 'node:timers/promises';
import test, {type ExecutionContext} from 'ava';
import {ContinuityCheck} from '../../../source/streams/logs/continuity-check.ts';

async function until(isSo: () => boolean): Promise<void> {
	while (!isSo()) {
		await delay(1);
	}
}

const line = Buffer.from('2026-11-24T14:00:00Z new\n');

/** A proof whose last line is met when the test says so, and what it told. */
function proofOf(
	t: ExecutionContext,
	{complete = true, isNewLife = async () => false, isOffered = async () => false, withinMs = 60_000, isAnswered = true} = {},
) {
	const told: string[] = [];
	const last = {met: false, complete};
	const proof = new ContinuityCheck(
		last,
		{
			isNewLife,
			offersLast: isOffered,
			async reportGap(reason) {
				told.push(reason);
			},
			async onResumed({proven, met}) {
				told.push(`${proven ? 'proven' : 'not proven'}${met ? ', met' : ''}`);
			},
		},
		withinMs,
	);
	if (isAnswered) {
		proof.answered();
	}

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
	t.deepEqual(told, ['proven, met']);
});

test('new lines without the last one are a gap, unless another life explains them', async t => {
	const rotated = proofOf(t, {isOffered: async () => true});
	await rotated.proof.before(line);
	t.deepEqual(rotated.told, ['last-line-not-met', 'not proven']);
	const restarted = proofOf(t, {isNewLife: async () => true});
	await restarted.proof.before(line);
	t.deepEqual(restarted.told, ['proven']);
});

test('where an answer holds nothing for long a side read tells whether the last line will still come', async t => {
	const slow = proofOf(t, {isOffered: async () => true, withinMs: 1});
	const gone = proofOf(t, {withinMs: 1});
	await until(() => slow.told.length > 0 && gone.told.length > 1);
	t.deepEqual(slow.told, ['proven, met']);
	t.deepEqual(gone.told, ['last-line-not-met', 'not proven']);
});

test('a side read that fails proves neither a loss nor that it goes on: it is made again', async t => {
	let reads = 0;
	const {last, proof, told} = proofOf(t, {
		withinMs: 1,
		async isOffered() {
			reads++;
			throw new Error('the side read failed');
		},
	});
	await until(() => reads === 3);
	t.deepEqual(told, []);
	last.met = true;
	await proof.before(line);
	t.deepEqual(told, ['proven, met']);
});

test('a request that is not answered settles nothing, and no side read is made for it', async t => {
	let lives = 0;
	let reads = 0;
	const {last, proof, told} = proofOf(t, {
		withinMs: 1,
		isAnswered: false,
		async isOffered() {
			reads++;
			return false;
		},
		async isNewLife() {
			lives++;
			return false;
		},
	});
	await until(() => lives === 1);
	await delay(20);
	t.deepEqual([told, lives, reads], [[], 1, 0]);
	proof.answered();
	last.met = true;
	await proof.before(line);
	t.deepEqual(told, ['proven, met']);
});

test('another container instance that is seen before the answer explains that the last line is not in it', async t => {
	const {proof, told} = proofOf(t, {
		withinMs: 1,
		isAnswered: false,
		async isNewLife() {
			return true;
		},
	});
	await delay(20);
	t.deepEqual(told, []);
	proof.answered();
	await proof.before(line);
	t.deepEqual(told, ['proven']);
});

test('lines that may come twice are told before it goes on', async t => {
	const {proof, last, told} = proofOf(t, {complete: false});
	last.met = true;
	await proof.before(line);
	t.deepEqual(told, ['clock-went-back', 'proven, met']);
});
