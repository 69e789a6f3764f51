/** When the end of a log is believed. */
import test from 'ava';
import {SpokeError} from '../../../source/errors/spoke-error.ts';
import type {DrainEnding} from '../../../source/sessions/logs/container-reads.ts';
import {EndProof} from '../../../source/sessions/logs/rest-of-life.ts';

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
