/** Command lines are parsed as by pflag. */
import test from 'ava';
import {connectionFlags, multiContextFlags} from '../../../source/base/command-line/connection-flags.ts';
import type {FlagSpec} from '../../../source/base/command-line/flag-spec.ts';
import {parseDuration, parseInteger, parseCommandLine, closestWord} from '../../../source/base/command-line/parse-command-line.ts';
import {debugSpec} from '../../../source/commands/debug/spec.ts';
import {SpokeError} from '../../../source/base/errors/spoke-error.ts';

const rows = [
	{name: 'follow', short: 'f', kind: 'boolean', help: ''},
	{name: 'stdin', short: 'i', kind: 'boolean', help: ''},
	{name: 'tty', short: 't', kind: 'boolean', help: ''},
	{name: 'namespace', short: 'n', kind: 'string', help: ''},
	{name: 'tail', kind: 'integer', default: -1, help: ''},
	{name: 'since', kind: 'duration', help: ''},
	{name: 'address', kind: 'strings', help: ''},
	{name: 'as-group', kind: 'texts', help: ''},
	{name: 'path', kind: 'string', default: 'auto', bare: 'always', oneOf: ['auto', 'always'], help: ''},
	{name: 'output', kind: 'string', oneOf: ['json'], help: ''},
] as const;

const good: ReadonlyArray<[string, readonly string[], Record<string, unknown>]> = [
	['no arguments yield the defaults', [], {follow: false, tail: -1, namespace: undefined, address: [], path: 'auto'}],
	['a short flag takes its value after a space', ['-n', 'a'], {namespace: 'a'}],
	['a short flag takes its value without a space', ['-na'], {namespace: 'a'}],
	['a short flag takes its value after =', ['-n=a'], {namespace: 'a'}],
	['short flags are joined', ['-it'], {stdin: true, tty: true}],
	['joined short flags end in one with a value', ['-itna'], {stdin: true, tty: true, namespace: 'a'}],
	['a boolean is switched off by =false', ['--follow=false'], {follow: false}],
	['a boolean ignores the next argument', ['--follow', 'x'], {follow: true}],
	['the last value wins', ['-n', 'a', '-n', 'b'], {namespace: 'b'}],
	['a list is split at commas and appended to', ['--address', 'a,b', '--address=c'], {address: ['a', 'b', 'c']}],
	['texts are never split', ['--as-group', 'a,b', '--as-group', 'c'], {'as-group': ['a,b', 'c']}],
	['a negative number is a value', ['--tail', '-1'], {tail: -1}],
	['a duration is milliseconds', ['--since', '1h2m3.5s'], {since: 3_723_500}],
	['a flag with a bare value leaves other arguments alone', ['--path', 'x'], {path: 'always'}],
	['a flag with a bare value takes one of its values from the next argument', ['--path', 'auto', 'x'], {path: 'auto'}],
	['an empty value is a value', ['--namespace='], {namespace: ''}],
];

for (const [title, argv, expected] of good) {
	test(title, t => {
		const {flags} = parseCommandLine(rows, argv);
		t.like(flags, expected);
	});
}

test('positionals keep their order, and arguments after -- are separate', t => {
	const line = parseCommandLine(rows, ['pod/x', '-f', 'y', '-', '--', '-f', '--', 'z']);
	t.deepEqual(line.positionals, ['pod/x', 'y', '-']);
	t.deepEqual(line.afterDash, ['-f', '--', 'z']);
	t.true(line.given.has('follow'));
	t.false(line.given.has('tail'));
});

const bad: ReadonlyArray<[readonly string[], RegExp]> = [
	[['--nope'], /^unknown flag: --nope$/],
	[['-x'], /^unknown shorthand flag: 'x' in -x$/],
	[['-fx'], /^unknown shorthand flag: 'x' in -fx$/],
	[['-n'], /^flag needs an argument: -n$/],
	[['--tail', 'many'], /invalid argument "many" for --tail: must be a whole decimal number/],
	[['--since', '5'], /invalid argument "5" for --since: must be a duration/],
	[['--follow=maybe'], /must be true or false/],
	[['--path=never'], /must be one of auto, always/],
	[['--output=yaml'], /invalid argument "yaml" for --output: must be json$/],
];

for (const [argv, message] of bad) {
	test(`${argv.join(' ')} is a usage error`, t => {
		const error = t.throws(() => parseCommandLine(rows, argv), {instanceOf: SpokeError});
		t.is(error.code, 'ERR_USAGE');
		t.is(error.exitStatus, 2);
		t.regex(error.message, message);
	});
}

test('an unsupported kubectl flag is rejected with a remedy', t => {
	for (const [argv, remedy] of [
		['--match-server-version', /spoke path TARGET -o json/],
		['--warnings-as-errors', /omit this flag/],
	] as const) {
		t.regex(t.throws(() => parseCommandLine(rows, [argv]), {instanceOf: SpokeError, message: /^unknown flag: --/}).remedy!, remedy);
	}
});

test('a flag that only kubectl debug has is rejected with a remedy', t => {
	for (const [argv, remedy] of [
		[['--custom=x.yaml'], /--profile, or use kubectl debug --custom/],
		[['--filename', 'pod.yaml'], /name the pod or node as the target/],
		[['-f', 'pod.yaml'], /name the pod or node as the target/],
	] as const) {
		const {message, remedy: said} = t.throws(() => parseCommandLine(debugSpec.flags, argv), {instanceOf: SpokeError});
		t.regex(message, /^unknown flag: --?(?:custom|filename|f)$/);
		t.regex(said!, remedy);
	}
});

test('global kubectl flags that have no effect are accepted', t => {
	for (const flags of [connectionFlags, multiContextFlags, debugSpec.flags]) {
		const {positionals} = parseCommandLine<readonly FlagSpec[]>(flags, ['--cache-dir', '/tmp/x', '--profile-output=x', 'web']);
		t.deepEqual(positionals, ['web']);
	}

	t.deepEqual(parseCommandLine(connectionFlags, ['--profile=none', 'web']).positionals, ['web']);
	t.throws(() => parseCommandLine(connectionFlags, ['--profile=cpu']), {message: 'invalid argument "cpu" for --profile: must be none'});
	t.is(parseCommandLine(debugSpec.flags, ['--profile=sysadmin']).flags.profile, 'sysadmin', 'the profile of the debug container');
});

test('integers are decimal, and other syntaxes of Go are refused', t => {
	t.deepEqual(['0', '+7', '-1', '1000'].map(parseInteger), [0, 7, -1, 1000]);
	for (const text of ['', '-', '017', '08', '0x2', '0b1', '1_0', '1e3', '1.0', ' 1', 'f']) {
		t.is(parseInteger(text), Number.NaN, text);
	}
});

test('durations follow Go’s syntax', t => {
	const table: Array<[string, number | undefined]> = [
		['0', 0],
		['1s', 1000],
		['-5s', -5000],
		['1.5h', 5_400_000],
		['.5s', 500],
		['300ms', 300],
		['2us', 0.002],
		['1h30m', 5_400_000],
		['', undefined],
		['1', undefined],
		['s', undefined],
		['1 s', undefined],
		['1d', undefined],
		['.s', undefined],
	];
	for (const [text, expected] of table) {
		t.is(parseDuration(text), expected, text);
	}
});

const words = ['logs', 'exec', 'attach', 'audit', 'port-forward', 'v', 'as'];
for (const [typed, word] of [
	['lgos', 'logs'],
	['log', 'logs'],
	['logss', 'logs'],
	['auidt', 'audit'],
	['port-foward', 'port-forward'],
	['portforward', 'port-forward'],
	['get', null],
	['x', null],
	['', null],
	['zzzzzzzzzzzz', null],
	['a'.repeat(100_000), null],
] as const) {
	test(`${JSON.stringify(typed.slice(0, 20))} is closest to ${word}`, t => {
		t.is(closestWord(typed, words), word);
	});
}
