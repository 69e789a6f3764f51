/** Regular expressions that select lines. */
import test from 'ava';
import {parseLinePattern, selectTexts} from '../../source/lines/line-patterns.ts';

const select = (texts: readonly string[], {include = [], exclude = []}: {include?: string[]; exclude?: string[]}) => {
	const selected = selectTexts(
		{
			include: include.map(text => parseLinePattern('--include', text)),
			exclude: exclude.map(text => parseLinePattern('--exclude', text)),
		},
		texts,
	);
	return texts.filter((_, index) => selected[index]);
};

const texts = ['GET /healthz 200', 'GET /cart 500', 'POST /cart 200', 'Error: no cart'];

test('a line must match one of the included patterns', t => {
	t.deepEqual(select(texts, {include: ['^POST', '500$']}), ['GET /cart 500', 'POST /cart 200']);
});

test('an excluded pattern removes a line that is included', t => {
	t.deepEqual(select(texts, {include: ['cart'], exclude: ['^POST', 'Error']}), ['GET /cart 500']);
	t.deepEqual(select(texts, {exclude: ['healthz']}), texts.slice(1));
});

test('a pattern is case-sensitive unless it begins with (?i)', t => {
	t.deepEqual(select(texts, {include: ['error']}), []);
	t.deepEqual(select(texts, {include: ['(?i)error']}), ['Error: no cart']);
});

test('an invalid pattern is a usage error that names the flag', t => {
	t.like(
		t.throws(() => parseLinePattern('--exclude', 'a(')),
		{code: 'ERR_USAGE', exitStatus: 2, message: '--exclude "a(": invalid regular expression: unterminated group'},
	);
});

test('a pattern that takes too long is an error, not a stop', t => {
	t.like(
		t.throws(() => select([`${'a'.repeat(60)}!`], {include: ['^(a+)+$']})),
		{code: 'ERR_USAGE', message: '--include "^(a+)+$" takes longer than 1 s for 1 lines'},
	);
});
