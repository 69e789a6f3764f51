/** Containers that want to write outside of the destination, or whose copy program lies. */
import {spawn} from 'node:child_process';
import {createHash} from 'node:crypto';
import {once} from 'node:events';
import {mkdir, readdir, readFile, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import process from 'node:process';
import test from 'ava';
import {failure, success, type FarSide} from '../../support/command-server.ts';
import {startCopyServer} from '../../support/copy-server.ts';
import {receivedBytes} from '../../support/read-stream.ts';
import {builtProgram, runSpoke} from '../../support/run-spoke.ts';
import {until} from '../../support/until.ts';

type Listed = {kind: 'f' | 'd' | 'l' | 'o'; name: string; target?: string; content?: string; facts?: string};

const modes = {f: '81a4', d: '41ed', l: 'a1ff', o: '11a4'};

/** Answers as the copy program would, with any names. */
async function pretend(far: FarSide, listed: readonly Listed[], {greeting = 'spoke-cp 1', root = 'dir', ends = true} = {}) {
	far.stdout(`${greeting}\n`);
	let rest = '';
	for await (const chunk of far.stdin as AsyncIterable<Buffer>) {
		const lines = (rest + chunk.toString()).split('\n');
		rest = lines.pop()!;
		for (const line of lines) {
			const [request, ...words] = line.split(' ');
			const contentOf = (wanted: string) => listed.find(({name, kind}) => kind === 'f' && name === wanted)?.content ?? '';
			if (request === 'root') {
				far.stdout(`${root}\n`);
			} else if (request === 'list') {
				far.stdout(`N ${listed.length}\n`);
				far.stdout(listed.map(({name, target = ''}) => `r${name}\0${target}\0`).join(''));
				far.stdout(listed.map(({kind, content = '', facts}) => `${facts ?? `${modes[kind]} ${content.length} 1700000000`}\n`).join(''));
				far.stdout('E\n');
			} else if (request === 'get') {
				const facts = words.map(name => listed.find(entry => entry.name === name)?.facts);
				const sizes = words.map((name, index) => facts[index]?.split(' ')[1] ?? contentOf(name).length);
				const sums = words.map(name => `${createHash('sha256').update(contentOf(name)).digest('hex')}  ${name}\n`);
				far.stdout(`D ${sizes.join(' ')}\n${words.map(name => contentOf(name)).join('')}E\n${sums.join('')}E\n`);
			} else if (request === 'end' && ends) {
				far.status(success);
				far.close();
			}
		}
	}
}

const cases: ReadonlyArray<[title: string, listed: readonly Listed[], notice: RegExp]> = [
	[
		'CVE-2019-1002101: a file below a link that leads out',
		[
			{kind: 'l', name: './way', target: '../outside'},
			{kind: 'f', name: './way/file', content: 'evil'},
		],
		/^not copied: way\/file: no such file or directory$/m,
	],
	[
		'CVE-2019-11246: a name with ..',
		[{kind: 'f', name: './../outside/file', content: 'evil'}],
		/^not copied: \.\/\.\.\/outside\/file: its name leads out of the destination$/m,
	],
	[
		'CVE-2019-11249: a link whose .. counts from where a second link leads',
		[
			{kind: 'd', name: './d', facts: '41ed 0 1'},
			{kind: 'd', name: './d/e', facts: '41ed 0 1'},
			{kind: 'l', name: './d/e/a', target: '../..'},
			{kind: 'l', name: './d/e/b', target: 'a/../outside'},
		],
		/^not copied: d\/e\/b: its target has \.\. after a name: a\/\.\.\/outside$/m,
	],
	[
		'CVE-2019-11251: a relative link to outside',
		[{kind: 'l', name: './way', target: '../outside'}],
		/^not copied: way: its target is outside the destination: \.\.\/outside$/m,
	],
	[
		'a directory and a link of the same name',
		[
			{kind: 'd', name: './way', facts: '41ed 0 1'},
			{kind: 'l', name: './way', target: 'x'},
			{kind: 'f', name: './way/file', content: 'fine'},
		],
		/^not copied: way: /m,
	],
	['an absolute name', [{kind: 'f', name: '/tmp/outside', content: 'evil'}], /its name leads out of the destination/],
	['an empty component', [{kind: 'f', name: './a//b', content: 'evil'}], /its name leads out of the destination/],
	['a size that is no number', [{kind: 'f', name: './a', facts: '81a4 -1 1'}], /^not copied: a: its size is unknown$/m],
];

for (const [title, listed, notice] of cases) {
	test(`nothing is written outside: ${title}`, async t => {
		const server = await startCopyServer(t, {script: async far => pretend(far, listed)});
		const [outside, inside] = [join(server.local, 'outside'), join(server.local, 'inside')];
		await mkdir(outside);
		const {status, stderr} = await runSpoke(['cp', ...server.config, 'web:/x', inside]);
		t.is(status, 1, stderr);
		t.regex(stderr, notice);
		t.deepEqual(await readdir(outside), []);
		t.deepEqual((await readdir(server.local)).toSorted(), ['inside', 'outside']);
	});
}

const file: Listed = {kind: 'f', name: './x', content: 'fine'};

for (const [title, listed] of [
	['a link', [{kind: 'l', name: './x', target: '.bashrc'}]],
	['a directory', [{kind: 'd', name: './x', facts: '41ed 0 1'}]],
	['a file and a link', [file, {kind: 'l', name: './y', target: '.bashrc'}]],
	['two files', [file, {...file, name: './y'}]],
	['a file and a name that leads out', [file, {...file, name: './../x'}]],
	['a file in a directory', [{...file, name: './d/x'}]],
] as Array<[string, Listed[]]>) {
	test(`nothing takes the name of a file that is listed as ${title}`, async t => {
		const server = await startCopyServer(t, {script: async far => pretend(far, listed, {root: 'file'})});
		const {status, stderr} = await runSpoke(['cp', ...server.config, 'web:x', join(server.local, 'x')]);
		t.is(status, 13, stderr);
		t.regex(stderr, /x is a file, but the copy program in the container listed something else .*\[ERR_PROTOCOL\]/);
		t.deepEqual(await readdir(server.local), []);
	});
}

for (const [first, second] of [
	['file', 'dir'],
	['dir', 'file'],
] as const) {
	test(`a ${first} that becomes a ${second} before the next pass ends the copy without a link`, async t => {
		const short: Listed = {...file, facts: '81a4 300000 1700000000'};
		const server = await startCopyServer(t, {
			script: async (far, index) =>
				pretend(far, index === 0 || second === 'file' ? [short] : [file, {kind: 'l', name: './y', target: '.bashrc'}], {
					root: index === 0 ? first : second,
				}),
		});
		const {status, stderr} = await runSpoke(['cp', ...server.config, 'web:x', join(server.local, 'x')]);
		t.is(status, 1, stderr);
		t.regex(stderr, /x was a \w+ and became a \w+ while it was copied \[ERR_COPY_INCOMPLETE\]/);
		t.deepEqual(await readdir(server.local, {recursive: true}), first === 'dir' ? ['x'] : []);
	});
}

test('a name that is listed twice is copied once', async t => {
	const listed: Listed[] = [
		{kind: 'f', name: './same', content: 'one'},
		{kind: 'f', name: './same', content: 'two'},
	];
	const server = await startCopyServer(t, {script: async far => pretend(far, listed)});
	await runSpoke(['cp', ...server.config, 'web:/x', join(server.local, 'inside')]);
	t.is(await readFile(join(server.local, 'inside/same'), 'utf8'), 'one');
});

for (const [title, script, says] of [
	['a greeting of something else', async far => pretend(far, [], {greeting: 'welcome'}), /\[ERR_PROTOCOL\]/],
	['an unknown kind of source', async far => pretend(far, [], {root: 'moon'}), /\[ERR_PROTOCOL\]/],
	[
		'a container without sh',
		far => {
			far.status(failure('Internal error occurred: OCI runtime exec failed: exec: "sh": executable file not found in $PATH'));
			far.close();
		},
		/the image has no sh: pass --debug-image=busybox .*\[ERR_COMMAND_NOT_STARTED\]/,
	],
	[
		'a debug container that sees no process of the container',
		far => {
			far.stdout('spoke-cp unseen\n');
			far.status(success);
			far.close();
		},
		/the debug container sees no process of the container.*\[ERR_COPY_INCOMPLETE\]/,
	],
	[
		'success right after the greeting',
		far => {
			far.stdout('spoke-cp 1\n');
			far.status(success);
			far.close();
		},
		/the copy program in the container ended early, with status 0 \[ERR_COPY_INCOMPLETE\]/,
	],
	[
		'a name without an end',
		far => {
			far.stdout('spoke-cp 1\ndir\nN 1\nf');
			far.stdout('x'.repeat(100_000));
		},
		/a line that is too long.*\[ERR_PROTOCOL\]/,
	],
] as Array<[string, (far: FarSide) => void | Promise<void>, RegExp]>) {
	test(`${title} is one error, and nothing is copied`, async t => {
		const server = await startCopyServer(t, {script});
		await writeFile(join(server.local, 'kept'), '');
		const {status, stderr} = await runSpoke(['cp', ...server.config, 'web:/x', server.local]);
		t.not(status, 0);
		t.regex(stderr, says);
		t.deepEqual(await readdir(server.local), ['kept']);
	});
}

test('a file that is shorter than its size is never copied with status 0', async t => {
	const listed: Listed[] = [
		{kind: 'f', name: './short', content: 'abc', facts: '81a4 300000 1700000000'},
		{kind: 'f', name: './fine', content: 'fine'},
	];
	const server = await startCopyServer(t, {script: async far => pretend(far, listed)});
	const {status, stderr} = await runSpoke(['cp', ...server.config, 'web:/x', server.local]);
	t.is(status, 1);
	t.regex(stderr, /^not copied: short: its bytes do not match its size/m);
	t.deepEqual(await readdir(server.local), ['fine']);
});

test('an interrupted copy exits 130 and leaves no temporary file', async t => {
	const listed: Listed[] = [{kind: 'f', name: './long', content: 'abc', facts: '81a4 300000 1700000000'}];
	const server = await startCopyServer(t, {script: async far => pretend(far, listed, {ends: false})});
	const child = spawn(process.execPath, [builtProgram, 'cp', ...server.config, 'web:/x', server.local, '-o', 'json'], {
		env: {PATH: process.env['PATH'], HOME: '/nonexistent'},
	});
	const printed = receivedBytes(child.stdout);
	await until(async () => (await readdir(server.local)).length > 0);
	child.kill('SIGINT');
	const [status] = (await once(child, 'close')) as [number];
	t.is(status, 130);
	t.deepEqual(await readdir(server.local), []);
	t.like(JSON.parse((await printed).toString()), {kind: 'CopySummary', stopped: 'SIGINT', files: 0, error: null});
});
