/** Confirmation of the end of a log. */
import test from 'ava';
import {SpokeError} from '../../../source/base/errors/spoke-error.ts';
import type {ResumableLog, DrainResult} from '../../../source/streams/logs/resumable-log.ts';
import {EndOfLogCheck, drainTerminated, type DrainOptions} from '../../../source/streams/logs/drain-terminated.ts';

const answer = (of: Partial<DrainResult>): DrainResult => ({
	replaced: false,
	hasNewLines: false,
	foundLastLine: true,
	remainder: Buffer.alloc(0),
	result: null,
	...of,
});
const classifyAll = (...answers: ReadonlyArray<Partial<DrainResult>>) => {
	const proof = new EndOfLogCheck();
	return {results: answers.map(one => proof.classify(answer(one))), isWhole: proof.isComplete};
};

test('the last line with no new lines is the end', t => {
	t.deepEqual(classifyAll({}).results, ['end']);
	t.deepEqual(classifyAll({hasNewLines: true}, {}).results, ['unconfirmed', 'end']);
});

test('an end without the last line must appear twice', t => {
	t.deepEqual(classifyAll({foundLastLine: null}, {foundLastLine: null}).results, ['unconfirmed', 'end']);
	const [half, whole] = [Buffer.from('ha'), Buffer.from('half')];
	t.deepEqual(classifyAll({remainder: half}, {remainder: whole}, {remainder: whole}).results, ['unconfirmed', 'unconfirmed', 'end']);
	t.deepEqual(
		classifyAll({foundLastLine: null}, {hasNewLines: true, foundLastLine: null}, {foundLastLine: null}, {foundLastLine: null}).results,
		['unconfirmed', 'unconfirmed', 'unconfirmed', 'end'],
	);
});

test('a log without the last line is read three times, not counting interruptions', t => {
	const cut = new SpokeError('ERR_STREAM_LOST', 'interrupted');
	t.deepEqual(classifyAll({foundLastLine: false}, {result: cut}, {foundLastLine: false}, {foundLastLine: false}).results, [
		'not-found',
		'interrupted',
		'not-found',
		'end',
	]);
});

test('a log without the last line is incomplete only if it has new lines', t => {
	t.true(classifyAll({foundLastLine: false}).isWhole);
	t.false(classifyAll({foundLastLine: false, hasNewLines: true}).isWhole);
});

/** Repeats the last response. */
async function readAgainst(...texts: ReadonlyArray<string | null>) {
	const reported: unknown[] = [];
	let tries = 0;
	const drain = async () => {
		const text = texts[Math.min(tries++, texts.length - 1)]!;
		return answer(text === null ? {} : {result: new SpokeError('ERR_SECOND_LEG', text, {text})});
	};

	const reads = {drain, reportGap: async (gap: unknown) => reported.push(gap), async emitRemainder() {}} as unknown as ResumableLog;
	const options = {
		semaphore: {run: async <T>(work: () => Promise<T>) => work()},
		outage: {async handleLoss() {}, async reportResumed() {}},
	} as unknown as DrainOptions;
	const end = await drainTerminated(reads, {previous: false, gap: 'last-line-not-met', isReplaced: async () => false}, options);
	return {end, reported, tries};
}

test('a removed container is reported as a gap and not retried further', async t => {
	const removed = 'unable to retrieve container logs for containerd://12';
	t.deepEqual(await readAgainst(removed), {end: 'unavailable', reported: ['log-gone'], tries: 6});
	t.deepEqual(await readAgainst(removed, removed, 'failed to read log file', removed, removed, removed, removed, null), {
		end: 'drained',
		reported: [],
		tries: 8,
	});
});
