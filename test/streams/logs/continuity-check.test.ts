/** Continuity of a resumed response. */
import {mock} from 'node:test';
import {setImmediate as turn, setTimeout as delay} from 'node:timers/promises';
import test, {type ExecutionContext} from 'ava';
import {ContinuityCheck} from '../../../source/streams/logs/continuity-check.ts';
import {until} from '../../support/until.ts';

const line = Buffer.from('2026-11-24T14:00:00Z new\n');

/** The test decides when the last line is found. */
function proofOf(
	t: ExecutionContext,
	{
		isComplete = true,
		isNewLife = async () => false,
		isOffered = async () => false,
		withinMs = 60_000,
		isAnswered = true,
		hasReader = true,
		hasLastLine = true,
	} = {},
) {
	const told: string[] = [];
	const last = {foundLastLine: false, isComplete};
	const proof = new ContinuityCheck(
		hasLastLine ? last : null,
		{
			hasRestarted: isNewLife,
			isLastLineOffered: isOffered,
			async reportGap(reason) {
				told.push(reason);
			},
			async onResumed({proven, foundLastLine}) {
				if (!hasReader) {
					throw new Error('the reader has gone');
				}

				told.push(`${proven ? 'proven' : 'not proven'}${foundLastLine ? ', found' : ''}`);
			},
		},
		withinMs,
	);
	if (isAnswered) {
		proof.responseStarted();
	}

	t.teardown(() => {
		proof.stop();
	});
	return {proof, last, told};
}

test('continuity is not settled while a restart check is pending', async t => {
	const restartCheck = Promise.withResolvers<boolean>();
	const {proof, told} = proofOf(t, {
		isNewLife: async () => restartCheck.promise,
		isOffered: async () => true,
		withinMs: 5,
		isAnswered: false,
	});
	await delay(50);
	proof.responseStarted();
	await until(() => told.length > 0);
	t.deepEqual(told, ['proven, found']);
	const lines = proof.beforeLines(line);
	await turn();
	t.false(proof.isSettled);
	restartCheck.resolve(false);
	await lines;
	t.true(proof.isSettled);
});

test('continuity that a second read decides while lines wait is not settled by them', async t => {
	const offered = Promise.withResolvers<boolean>();
	const {proof, told} = proofOf(t, {isOffered: async () => offered.promise, isNewLife: async () => false, withinMs: 5});
	await delay(50);
	offered.resolve(true);
	await proof.beforeLines(Buffer.alloc(0));
	t.false(proof.isSettled);
	await until(() => told.length > 0);
	await proof.beforeLines(Buffer.alloc(0));
	t.true(proof.isSettled);
});

test('continuity is decided once, when new lines arrive', async t => {
	const {proof, last, told} = proofOf(t);
	await proof.beforeLines(Buffer.alloc(0));
	t.deepEqual(told, []);
	last.foundLastLine = true;
	await proof.beforeLines(Buffer.alloc(0));
	await proof.beforeLines(line);
	t.deepEqual(told, ['proven, found']);
});

test('a missing last line is a gap, unless the container restarted', async t => {
	const rotated = proofOf(t, {isOffered: async () => true});
	await rotated.proof.beforeLines(line);
	t.deepEqual(rotated.told, ['last-line-not-met', 'not proven']);
	const restarted = proofOf(t, {isNewLife: async () => true});
	await restarted.proof.beforeLines(line);
	t.deepEqual(restarted.told, ['proven']);
});

test('a second read decides when a response has no lines for long', async t => {
	const slow = proofOf(t, {isOffered: async () => true, withinMs: 1});
	const gone = proofOf(t, {withinMs: 1});
	await until(() => slow.told.length > 0 && gone.told.length > 1, [slow.told, gone.told]);
	t.deepEqual(slow.told, ['proven, found']);
	t.deepEqual(gone.told, ['last-line-not-met', 'not proven']);
});

test.serial('a second read begins when a response has had no line for the whole time, not earlier', t => {
	mock.timers.enable({apis: ['setTimeout']});
	t.teardown(() => {
		mock.timers.reset();
	});
	let reads = 0;
	proofOf(t, {
		withinMs: 100,
		isOffered: async () => ++reads > 0,
	});
	mock.timers.tick(99);
	t.is(reads, 0);
	mock.timers.tick(1);
	t.is(reads, 1);
});

for (const [title, hasLastLine, before] of [
	['without a known line', false, () => undefined],
	['once it is decided', true, async (proof: ContinuityCheck) => proof.beforeLines(line)],
	['once it is stopped', true, (proof: ContinuityCheck) => proof.stop()],
] as const) {
	test.serial(`continuity needs no second read ${title}`, async t => {
		mock.timers.enable({apis: ['setTimeout']});
		t.teardown(() => {
			mock.timers.reset();
		});
		let reads = 0;
		const {proof} = proofOf(t, {isAnswered: false, hasLastLine, isOffered: async () => ++reads > 0});
		await before(proof);
		proof.responseStarted();
		mock.timers.tick(60_000);
		t.is(reads, 0);
	});
}

test('a failed second read proves nothing and is repeated', async t => {
	let reads = 0;
	const {last, proof, told} = proofOf(t, {
		withinMs: 1,
		async isOffered() {
			reads++;
			throw new Error('the side read failed');
		},
	});
	await until(() => reads >= 3);
	t.deepEqual(told, []);
	last.foundLastLine = true;
	await proof.beforeLines(line);
	t.deepEqual(told, ['proven, found']);
});

test('a request without a response decides nothing and starts no second read', async t => {
	let lives = 0;
	let reads = 0;
	const {last, proof, told} = proofOf(t, {
		withinMs: 1,
		isAnswered: false,
		isOffered: async () => ++reads < 0,
		isNewLife: async () => ++lives < 0,
	});
	await until(() => lives > 0);
	await delay(20);
	t.deepEqual([told, lives, reads], [[], 1, 0]);
	proof.responseStarted();
	last.foundLastLine = true;
	await proof.beforeLines(line);
	t.deepEqual(told, ['proven, found']);
});

test('a restart seen before the response explains the missing last line', async t => {
	const {proof, told} = proofOf(t, {
		withinMs: 1,
		isAnswered: false,
		isNewLife: async () => true,
	});
	await delay(20);
	t.deepEqual(told, []);
	proof.responseStarted();
	await proof.beforeLines(line);
	t.deepEqual(told, ['proven']);
});

test('possible duplicates are reported before the resume', async t => {
	const {proof, last, told} = proofOf(t, {isComplete: false});
	last.foundLastLine = true;
	await proof.beforeLines(line);
	t.deepEqual(told, ['clock-went-back', 'proven, found']);
});

test('a second read that ends after the follow reports nothing', async t => {
	const {promise, resolve} = Promise.withResolvers<boolean>();
	let isRead = false;
	const {proof, told} = proofOf(t, {
		withinMs: 1,
		async isOffered() {
			isRead = true;
			return promise;
		},
	});
	await until(() => isRead);
	proof.stop();
	resolve(false);
	await turn();
	await proof.settled();
	t.deepEqual(told, []);
});

test('an error of a report reaches those that wait for it, and nobody else', async t => {
	const {proof} = proofOf(t, {withinMs: 1, isOffered: async () => true, hasReader: false});
	await until(async () =>
		proof.settled().then(
			() => false,
			() => true,
		),
	);
	await t.throwsAsync(proof.settled(), {message: 'the reader has gone'});
});
