/** The level of a line. */
import test from 'ava';
import {levelOf} from '../../../source/base/lines/line-level.ts';
import {seededRandom} from '../../support/random.ts';

const [bold, reset] = ['\u001B[1;31m', '\u001B[0m'];

const levels: ReadonlyArray<readonly [string, number]> = [
	['INFO started', 2],
	['2026-11-24 ERROR no', 4],
	['[warn] slow', 3],
	['level=error msg=x', 4],
	['{"time":"x","level":"warn"}', 3],
	['{"level":50,"msg":"pino"}', 4],
	['E1124 14:02:09.002 1 x.go:1] bad', 4],
	['panic: runtime error', 5],
	['GET /errors 200', 0],
	['FATAL: no', 5],
	['DEBUG x', 1],
	['{"severity":"CRITICAL"}', 5],
	['an information', 0],
	['level=constructor msg=x', 0],
	['', 0],
	['E1124', 0],
	['err msg', 0],
	['\u001B[33mWARN\u001B[0m slow', 3],
	[`2026-11-24 ${bold}error${reset} no`, 4],
	['\u001B[32m[info]\u001B[39m fine', 2],
	['\u001B[90mE1124 14:02:09.002 1 x.go:1] bad', 4],
	['\u001B[', 0],
	['error', 0],
	[`${'x'.repeat(195)} ERROR`, 0],
];
for (const [text, level] of levels) {
	test(`the level of ${JSON.stringify(text)} is ${level}`, t => {
		t.is(levelOf(Buffer.from(text)), level as 0);
	});
}

/** The same rules as regular expressions: the reference for the scanner, which avoids creating a string per line. */
const word =
	/\b(?:(FATAL|PANIC|CRITICAL|CRIT|EMERG|ALERT|fatal|panic|critical)|(ERROR|ERR|SEVERE|[Ee]rror(?=[\s:"\]])|Exception)|(WARN|WARNING|[Ww]arn(?:ing)?(?=[\s:"\]]))|(INFO|NOTICE|info(?=[\s:"\]]))|(DEBUG|TRACE|debug(?=[\s:"\]])|trace(?=[\s:"\]])))\b/;
const keyed = /\b(?:level|lvl|severity)=["']?(\w+)/i;
const named = new Map([
	...['fatal', 'f', 'panic'].map(name => [name, 5] as const),
	...['error', 'err'].map(name => [name, 4] as const),
	...['warn', 'warning'].map(name => [name, 3] as const),
	...['info', '30'].map(name => [name, 2] as const),
	...['debug', 'trace'].map(name => [name, 1] as const),
]);

function levelByRegex(line: string): number {
	const text = line.slice(0, 200);
	const found = word.exec(text);
	return named.get(keyed.exec(text)?.[1]?.toLowerCase() ?? '') ?? (found ? 5 - found.slice(1).findIndex(group => group !== undefined) : 0);
}

test('the scanner finds the same level as the regular expressions', t => {
	const parts = [
		'FATAL',
		'ERR',
		'error',
		'Error',
		'ERRORS',
		'warn',
		'Warning',
		'warnings',
		'INFO',
		'info',
		'infos',
		'trace',
		'Exception',
		'panic',
		'level',
		'LEVEL',
		'lvl',
		'Severity',
		'x_level',
		'=',
		'=',
		' ',
		' ',
		':',
		'"',
		']',
		'-',
		'\u00A0',
		'é',
		'f',
		'30',
		'none',
		'x'.repeat(60),
	];
	const random = seededRandom(7);
	const next = (below: number) => Math.floor(random() * below);
	for (let round = 0; round < 20_000; round++) {
		const line = Array.from({length: 1 + next(14)}, () => parts[next(parts.length)]).join('');
		t.is(levelOf(Buffer.from(`before${line}after`, 'latin1'), 6, 6 + line.length), levelByRegex(line) as 0, JSON.stringify(line));
	}
});
