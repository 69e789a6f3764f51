/** The highlighted part of a line. */
import test from 'ava';
import {emptyTail, searchTail} from '../../../source/session/tail/tail-view.ts';
import {highlightMatches} from '../../../source/session/kit/highlight-matches.ts';
import {styled, type Span} from '../../../source/session/kit/styled-line.ts';

const view = (text: string, regex: boolean) => searchTail(emptyTail('tail-1', 'pod/web'), {text, regex});
const told = (spans: readonly Span[]) => spans.map(({text, role}) => (role === 'match' ? `[${text}]` : text)).join('');
const marked = (text: string, regex: boolean, ...spans: string[]) =>
	told(highlightMatches(view(text, regex), [spans.map(one => styled(undefined, one))], -1, 5000)[0]!);

const rows: ReadonlyArray<readonly [searched: string, regex: boolean, spans: readonly string[], shown: string]> = [
	['time', false, ['Timeout of time'], '[Time]out of [time]'],
	['Time', false, ['Timeout of time'], '[Time]out of time'],
	['out of', false, ['time', 'out', ' of time'], 'time[out][ of] time'],
	['\\d+', true, ['took 12 ms, then ', '7'], 'took [12] ms, then [7]'],
	['^get', true, ['GET /get'], '[GET] /get'],
	['s$', true, ['12 ms', ' more ms'], '12 ms more m[s]'],
	['x*', true, ['a x xx'], 'a [x] [xx]'],
	['', false, ['nothing searched'], 'nothing searched'],
	['[', true, ['no [ pattern'], 'no [ pattern'],
];

for (const [searched, regex, spans, shown] of rows) {
	test(`highlights ${regex ? 'the regular expression' : 'the text'} ${JSON.stringify(searched)} in ${JSON.stringify(spans)}`, t => {
		t.is(marked(searched, regex, ...spans), shown);
	});
}

test('a regular expression that was slow three times is not used any more', t => {
	const slow = view('(a+)+$', true);
	const endless = [[styled(undefined, `${'a'.repeat(40)}!`)]];
	const short = (asked = slow) => told(highlightMatches(asked, [[styled(undefined, 'aaa')]], -1, 5000)[0]!);
	for (const shown of ['[aaa]', '[aaa]', 'aaa']) {
		t.is(told(highlightMatches(slow, endless)[0]!), `${'a'.repeat(40)}!`);
		t.is(short(), shown);
	}

	t.is(short(view('(a+)+$', true)), '[aaa]');
});

test('the matches of the current line differ from the others', t => {
	const lines = highlightMatches(
		view('time', false),
		['time out', 'time and time'].map(text => [styled(undefined, text)]),
		1,
	);
	t.deepEqual(
		lines.map(spans => spans.map(({role}) => role ?? '').filter(role => role !== '')),
		[['match'], ['match.current', 'match.current']],
	);
});
