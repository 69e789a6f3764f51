/** The shell of containers. */
import {PassThrough} from 'node:stream';
import {text} from 'node:stream/consumers';
import {setTimeout as delay} from 'node:timers/promises';
import test from 'ava';
import {imageFiles} from '../../source/sandbox/containers/container.ts';
import {startProcess} from '../../source/sandbox/containers/shell/shell.ts';

async function run(argv: readonly string[], input: string | null = null): Promise<{out: string; error: string; status: number}> {
	const [stdout, stderr, stdin] = [new PassThrough(), new PassThrough(), input === null ? null : new PassThrough()];
	stdin?.end(input);
	const [out, error] = [text(stdout), text(stderr)];
	const status = await startProcess({
		argv,
		env: {HOSTNAME: 'pod', HOME: '/root'},
		files: imageFiles('pod'),
		stdin,
		stdout,
		stderr,
		terminal: null,
		signal: new AbortController().signal,
		mainCommand: 'app',
	});
	stdout.end();
	stderr.end();
	return {out: await out, error: await error, status};
}

const lines: ReadonlyArray<[line: string, out: string, status: number]> = [
	['echo a  b "c  d" \'$HOME\' $HOME', 'a b c  d $HOME /root\n', 0],
	['x=5; echo $x ${x}1', '5 51\n', 0],
	['false; echo $?', '1\n', 0],
	['true && echo yes || echo no', 'yes\n', 0],
	['false && echo yes || echo no', 'no\n', 0],
	['exit 42; echo never', '', 42],
	['sh -c "exit 7"; echo $?', '7\n', 0],
	['nosuch', '', 127],
	['cd /etc; pwd; cat hostname', '/etc\npod\n', 0],
	['toString', '', 127],
	['cat /nope', '', 1],
	['cat /nope /etc/hostname', 'pod\n', 1],
	['# only words', '', 0],
	['echo a#b', 'a#b\n', 0],
	['seq 3', '1\n2\n3\n', 0],
];

for (const [line, out, status] of lines) {
	test(`sh -c '${line}' exits ${status}`, async t => {
		t.like(await run(['sh', '-c', line]), {out, status});
	});
}

test('stdin arrives complete', async t => {
	const input = 'one\ntwo'.repeat(50_000);
	t.is((await run(['cat'], input)).out, input);
	t.is((await run(['head', '-c', '5'], input)).out, 'one\nt');
});

test('a script on stdin runs line by line, and its commands read the following lines', async t => {
	t.like(await run(['sh'], 'echo first\ncat\nrest\n'), {out: 'first\nrest\n', status: 0});
});

test('a shell on a terminal prompts, echoes and edits, and Ctrl-C drops a line or interrupts', async t => {
	const [keys, screen] = [new PassThrough(), new PassThrough()];
	const shown = text(screen);
	const done = startProcess({
		argv: ['sh'],
		env: {HOSTNAME: 'pod'},
		files: imageFiles('pod'),
		stdin: keys,
		stdout: screen,
		stderr: screen,
		terminal: {columns: 80, rows: 24},
		signal: new AbortController().signal,
		mainCommand: 'app',
	});
	const type = async (typed: string) => {
		keys.write(typed);
		await delay(20);
	};

	await type('echo hx\u007Fi\r');
	await type('half a line\u0003');
	await type('sleep 60\r');
	await type('\u0003');
	await type('stty size\r');
	await type('exit 9\r');
	t.is(await done, 9);
	screen.end();
	t.is(await shown, '/ # echo hx\b \bi\r\nhi\r\n/ # half a line^C\r\n/ # sleep 60\r\n^C\r\n/ # stty size\r\n24 80\r\n/ # exit 9\r\n');
});
