/** When the end of a log is believed. */
import test from 'ava';
import {SpokeError} from '../../../source/errors/spoke-error.ts';
import type {ContainerReads, DrainEnding} from '../../../source/sessions/logs/container-reads.ts';
import {EndProof, readRest, type RestOptions} from '../../../source/sessions/logs/rest-of-life.ts';

const answer = (of: Partial<DrainEnding>): DrainEnding => ({fresh: false, met: true, remainder: Buffer.alloc(0), ending: null, ...of});
const judgeAll = (...answers: ReadonlyArray<Partial<DrainEnding>>) => {
	const proof = new EndProof();
	return {verdicts: answers.map(one => proof.judge(answer(one))), isWhole: proof.isWhole};
};

test('the last line and nothing new behind it is the end', t => {
	t.deepEqual(judgeAll({}).verdicts, ['end']);
	t.deepEqual(judgeAll({fresh: true}, {}).verdicts, ['once', 'end']);
});

test('what nothing can be held against must come the same twice', t => {
	t.deepEqual(judgeAll({met: null}, {met: null}).verdicts, ['once', 'end']);
	const [half, whole] = [Buffer.from('ha'), Buffer.from('half')];
	t.deepEqual(judgeAll({remainder: half}, {remainder: whole}, {remainder: whole}).verdicts, ['once', 'once', 'end']);
	t.deepEqual(judgeAll({met: null}, {fresh: true, met: null}, {met: null}, {met: null}).verdicts, ['once', 'once', 'once', 'end']);
});

test('a log without the last line is asked three times; a cut says nothing of its end', t => {
	const cut = new SpokeError('ERR_STREAM_LOST', 'cut');
	t.deepEqual(judgeAll({met: false}, {ending: cut}, {met: false}, {met: false}).verdicts, ['unmet', 'cut', 'unmet', 'end']);
	t.true(judgeAll({met: false}).isWhole);
	t.false(judgeAll({met: false, fresh: true}).isWhole);
});

/** Reads against a kubelet that answers so, and then for ever as the last of these. */
async function readAgainst(...texts: ReadonlyArray<string | null>) {
	const told: unknown[] = [];
	let tries = 0;
	const drain = async () => {
		const text = texts[Math.min(tries++, texts.length - 1)]!;
		return answer(text === null ? {} : {ending: new SpokeError('ERR_SECOND_LEG', text, {text})});
	};

	const reads = {drain, tellGap: async (gap: unknown) => told.push(gap), async tellRemainder() {}} as unknown as ContainerReads;
	const options = {gate: {through: async <T>(work: () => Promise<T>) => work()}, outage: {async lost() {}, async back() {}}} as unknown as RestOptions;
	return {isWhole: await readRest(reads, {previous: false, gap: 'last-line-not-met'}, options), told, tries};
}

test('a container that the node has removed has no log to wait for, and what may be missing is told as a gap', async t => {
	const removed = 'unable to retrieve container logs for containerd://12';
	t.deepEqual(await readAgainst(removed), {isWhole: false, told: ['log-gone'], tries: 6});
	t.deepEqual(await readAgainst(removed, removed, 'failed to read log file', removed, removed, removed, removed, null), {isWhole: true, told: [], tries: 8});
});
