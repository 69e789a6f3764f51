/** The time limit of user patterns. */
import {spawn} from 'node:child_process';
import process from 'node:process';
import {text} from 'node:stream/consumers';
import test from 'ava';
import {findMatchesWithin, matchWithin} from '../../source/text/search-patterns.ts';

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
		import {matchWithin} from ${JSON.stringify(new URL('../../source/text/search-patterns.ts', import.meta.url).href)};
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
