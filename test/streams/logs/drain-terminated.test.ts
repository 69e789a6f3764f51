/** When the end of a log is believed. */
import test from 'ava';
import {SpokeError} from '../../../source/errors/spoke-error.ts';
import type {ResumableLog, DrainResult} from '../../../source/streams/logs/resumable-log.ts';
import {EndOfLogCheck, drainTerminated, type DrainOptions} from '../../../source/streams/logs/drain-terminated.ts';

const answer = (of: Partial<DrainResult>): DrainResult => ({
	hasNewLines: false,
	foundLastLine: true,
	remainder: Buffer.alloc(0),
	result: null,
	...of,
});
const judgeAll = (...answers: ReadonlyArray<Partial<DrainResult>>) => {
	const proof = new EndOfLogCheck();
	return {verdicts: answers.map(one => proof.judge(answer(one))), isWhole: proof.isWhole};
};

test('the last line and nothing new behind it is the end', t => {
	t.deepEqual(judgeAll({}).verdicts, ['end']);
	t.deepEqual(judgeAll({hasNewLines: true}, {}).verdicts, ['once', 'end']);
});

test('what nothing can be held against must come the same twice', t => {
	t.deepEqual(judgeAll({foundLastLine: null}, {foundLastLine: null}).verdicts, ['once', 'end']);
	const [half, whole] = [Buffer.from('ha'), Buffer.from('half')];
	t.deepEqual(judgeAll({remainder: half}, {remainder: whole}, {remainder: whole}).verdicts, ['once', 'once', 'end']);
	t.deepEqual(
		judgeAll({foundLastLine: null}, {hasNewLines: true, foundLastLine: null}, {foundLastLine: null}, {foundLastLine: null}).verdicts,
		['once', 'once', 'once', 'end'],
	);
});

test('a log without the last line is asked three times; a cut says nothing of its end', t => {
	const cut = new SpokeError('ERR_STREAM_LOST', 'cut');
	t.deepEqual(judgeAll({foundLastLine: false}, {result: cut}, {foundLastLine: false}, {foundLastLine: false}).verdicts, [
		'unmet',
		'cut',
		'unmet',
		'end',
	]);
	t.true(judgeAll({foundLastLine: false}).isWhole);
	t.false(judgeAll({foundLastLine: false, hasNewLines: true}).isWhole);
});

/** Reads against a kubelet that answers so, and then for ever as the last of these. */
async function readAgainst(...texts: ReadonlyArray<string | null>) {
	const told: unknown[] = [];
	let tries = 0;
	const drain = async () => {
		const text = texts[Math.min(tries++, texts.length - 1)]!;
		return answer(text === null ? {} : {result: new SpokeError('ERR_SECOND_LEG', text, {text})});
	};

	const reads = {drain, tellGap: async (gap: unknown) => told.push(gap), async tellRemainder() {}} as unknown as ResumableLog;
	const options = {
		gate: {run: async <T>(work: () => Promise<T>) => work()},
		outage: {async lost() {}, async back() {}},
	} as unknown as DrainOptions;
	return {isWhole: await drainTerminated(reads, {previous: false, gap: 'last-line-not-met'}, options), told, tries};
}

test('a container that the node has removed has no log to wait for, and what may be missing is told as a gap', async t => {
	const removed = 'unable to retrieve container logs for containerd://12';
	t.deepEqual(await readAgainst(removed), {isWhole: false, told: ['log-gone'], tries: 6});
	t.deepEqual(await readAgainst(removed, removed, 'failed to read log file', removed, removed, removed, removed, null), {
		isWhole: true,
		told: [],
		tries: 8,
	});
});
