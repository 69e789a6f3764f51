/** The time limit of user patterns. */
import {spawn} from 'node:child_process';
import process from 'node:process';
import {text} from 'node:stream/consumers';
import test from 'ava';
import {findMatchesWithin, matchWithin, parseLinePattern, selectTexts} from '../../../source/base/text/search-patterns.ts';

const neverEnds = /^(?:a|aa)+$/g;

test('a pattern that backtracks forever is canceled', t => {
	t.is(matchWithin(neverEnds, [`${'a'.repeat(60)}b`], 20), null);
	t.is(findMatchesWithin(neverEnds, [`${'a'.repeat(60)}b`], 20), null);
});

test('a pattern matches although the process was suspended longer than the timeout', async t => {
	// It stops itself the first time that it reads a text.
	const child = spawn(
		process.execPath,
		[
			'--input-type=module',
			'--eval',
			`
		import {writeSync} from 'node:fs';
		import process from 'node:process';
		import {matchWithin} from ${JSON.stringify(new URL('../../../source/base/text/search-patterns.ts', import.meta.url).href)};
		let isFirst = true;
		const texts = new Proxy(['a', 'b'], {get(target, key) {
			if (key === '0' && isFirst) {
				isFirst = false;
				process.kill(process.pid, 'SIGSTOP');
			}

			return Reflect.get(target, key);
		}});
		writeSync(1, JSON.stringify(matchWithin(/a/, texts, 300)));
	`,
		],
		{stdio: ['ignore', 'pipe', 'inherit']},
	);
	t.teardown(() => child.kill('SIGKILL'));
	const goesOn = setInterval(() => child.kill('SIGCONT'), 700);
	t.teardown(() => {
		clearInterval(goesOn);
	});
	t.is(await text(child.stdout), '[true,false]');
});

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

for (const [title, patterns, selected] of [
	['a line must match one of the included patterns', {include: ['^POST', '500$']}, ['GET /cart 500', 'POST /cart 200']],
	['an excluded pattern removes a line that is included', {include: ['cart'], exclude: ['^POST', 'Error']}, ['GET /cart 500']],
	['an excluded pattern alone keeps all other lines', {exclude: ['healthz']}, texts.slice(1)],
	['a pattern is case-sensitive', {include: ['error']}, []],
	['a pattern that begins with (?i) is not case-sensitive', {include: ['(?i)error']}, ['Error: no cart']],
] as ReadonlyArray<[string, Parameters<typeof select>[1], string[]]>) {
	test(title, t => {
		t.deepEqual(select(texts, patterns), selected);
	});
}

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
