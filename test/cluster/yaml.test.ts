import {once} from 'node:events';
import {execFile} from 'node:child_process';
import {mkdir, truncate, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import process from 'node:process';
import {promisify} from 'node:util';
import test from 'ava';
import {loadKubeconfig} from '../../source/cluster/kubeconfig/load-kubeconfig.ts';
import {parseSimpleYaml, parseDocument} from '../../source/cluster/kubeconfig/parse-document.ts';
import {parseYaml} from '../../source/cluster/kubeconfig/parse-yaml.ts';
import {seededRandom} from '../support/random.ts';
import {temporaryDirectory} from '../support/temporary-directory.ts';

const written = `apiVersion: v1
clusters:
- cluster:
    certificate-authority-data: LS0tLS1CRUdJTg==
    server: https://x.test:6443/prefix
  name: kind-lab
contexts:
- context: {}
  name: z
current-context: z
kind: Config
preferences: {}
users:
- name: u@example.test
  user:
    exec:
      args:
      - --foo
      - bar baz
      - "q: #x"
      env: null
      provideClusterInfo: false
`;

test('parses what kubectl writes without the YAML library', t => {
	t.deepEqual(parseSimpleYaml(written), parseYaml(written));
});

/** Recorded with kubectl 1.36.3. */
const typed: ReadonlyArray<[string, unknown]> = [
	['y', true],
	['On', true],
	['no', false],
	['oN', 'oN'],
	['tRue', 'tRue'],
	['True', true],
	['nULL', 'nULL'],
	['012', 10],
	['1e', '1e'],
	['e1', 'e1'],
	['1_000', 1000],
	['12:30:45', '12:30:45'],
	['2026-01-01', '2026-01-01'],
	['2026-01-01T00:00:00Z', '2026-01-01T00:00:00Z'],
	['1.2.3', '1.2.3'],
	['a:b', 'a:b'],
	['a#b', 'a#b'],
	['a #b', 'a'],
	['=', '='],
	['"\\x41"', 'A'],
	["'it''s'", "it's"],
];

for (const [text, value] of typed) {
	test(`\`${text}\` is ${JSON.stringify(value)}`, async t => {
		t.deepEqual(await parseDocument(`key: ${text}\n`), new Map([['key', value]]));
	});
}

test('the simple parser agrees with the library on everything it accepts', t => {
	const random = seededRandom(20_261_124);
	const pick = <Item>(items: readonly Item[]) => items[Math.floor(random() * items.length)]!;
	const bits = [
		' ',
		'  ',
		'-',
		'- ',
		':',
		': ',
		'#',
		' #',
		'"',
		"'",
		'{}',
		'[]',
		'\n',
		'\n  ',
		'null',
		'true',
		'y',
		'a',
		'e',
		'1',
		'.',
		'~',
		'|',
		'>',
		'&a',
		'*a',
		'!',
		'%',
		'@',
		'? ',
		'key: v\n',
		'- x\n',
		'---\n',
		'...\n',
		',',
		'=',
		'<<: x',
		'/',
		'(',
	];
	const seeds = [written, 'a: b\nc:\n- d: e\n  f:\n  - g\n  - h: i\n- j\nk:\n  l: {}\n'];
	let taken = 0;
	for (let round = 0; round < 6000; round++) {
		let text = pick(seeds);
		for (let changes = 1 + Math.floor(random() * 3); changes > 0; changes--) {
			const at = Math.floor(random() * text.length);
			text = text.slice(0, at) + pick(bits) + text.slice(at + (random() < 0.3 ? Math.floor(random() * 12) : 0));
		}

		const quick = parseSimpleYaml(text);
		if (quick === undefined) {
			continue;
		}

		taken++;
		t.deepEqual(quick, parseYaml(text), text);
	}

	t.true(taken > 100, `only ${taken} texts were plain`);
});

const bombs: ReadonlyArray<[string, string, RegExp]> = [
	[
		'aliases of aliases',
		`a0: &a0 [x, x, x, x, x, x, x, x, x]\n${Array.from({length: 12}, (_, i) => `a${i + 1}: &a${i + 1} [${Array.from({length: 9}, () => `*a${i}`).join(', ')}]`).join('\n')}\n`,
		/alias/i,
	],
	[
		'merges of merges',
		`a0: &a0 {k: v}\n${Array.from({length: 20}, (_, i) => `a${i + 1}: &a${i + 1}\n  <<: [*a${i}, *a${i}, *a${i}, *a${i}]\n  k${i}: v`).join('\n')}\n`,
		/alias/i,
	],
	['an alias of itself', 'a: &a [*a]\n', /nested too deeply/],
	['brackets, a hundred thousand deep', '['.repeat(100_000), /nested too deeply/],
	['braces and keys, fifty thousand deep', '{a: '.repeat(50_000), /nested too deeply/],
	['dashes, a hundred thousand deep', `${'- '.repeat(100_000)}x`, /nested too deeply/],
	['indentation, five thousand deep', Array.from({length: 5000}, (_, i) => `${' '.repeat(i)}a:`).join('\n'), /nested too deeply|config/],
	['a key of __proto__', '__proto__: {clusters: [{name: x}]}\nclusters: 1\n', /clusters must be a list, not a number/],
	['a merge of __proto__', 'a: &a {__proto__: {polluted: 1}}\n<<: *a\nusers: 1\n', /users must be a list/],
];

for (const [title, text, says] of bombs) {
	test.serial(`rejects in one line: ${title}`, async t => {
		const file = join(await temporaryDirectory(t), 'config');
		await writeFile(file, text);
		const began = process.cpuUsage();
		const error = await t.throwsAsync(loadKubeconfig(file, {}), {code: 'ERR_KUBECONFIG_INVALID', message: says});
		// Three times the limit of one second: processor time grows with the load, too.
		t.true(spentMs(began) < 3000, `${spentMs(began)} ms`);
		t.notRegex(error.message, /\n/);
		t.is(({} as {polluted?: number}).polluted, undefined);
	});
}

for (const password of ['*hunter2', '|hunter2']) {
	test(`does not repeat invalid YAML: a password ${password[0]!}…`, async t => {
		const file = join(await temporaryDirectory(t), 'config');
		await writeFile(file, `users:\n- name: ada\n  user:\n    password: ${password}\n`);
		const error = await t.throwsAsync(loadKubeconfig(file, {}), {code: 'ERR_KUBECONFIG_INVALID'});
		t.notRegex(error.message, /hunter2/);
	});
}

test('rejects a directory, a pipe without a writer and a file of 100 MB', async t => {
	const folder = await temporaryDirectory(t);
	await mkdir(join(folder, 'sub'));
	await promisify(execFile)('mkfifo', [join(folder, 'pipe')]);
	await writeFile(join(folder, 'huge'), '');
	await truncate(join(folder, 'huge'), 100 * 1024 * 1024);
	await t.throwsAsync(loadKubeconfig(join(folder, 'sub'), {}), {code: 'ERR_KUBECONFIG_INVALID', message: /is a directory/});
	await t.throwsAsync(loadKubeconfig(join(folder, 'huge'), {}), {
		code: 'ERR_KUBECONFIG_INVALID',
		message: /larger than the maximum of 8 MiB/,
	});
	t.is((await loadKubeconfig(join(folder, 'pipe'), {})).config.clusters.size, 0);
});

test('reads a pipe to its end, as of a shell’s <(command)', async t => {
	const pipe = join(await temporaryDirectory(t), 'pipe');
	await promisify(execFile)('mkfifo', [pipe]);
	const writer = execFile('sh', ['-c', `exec 3<>"${pipe}"; printf '%s' '${written.replaceAll("'", '')}' >&3; echo written; sleep 3`]);
	await once(writer.stdout!, 'data');
	t.is((await loadKubeconfig(pipe, {})).config.currentContext, 'z');
	writer.kill();
});

test('reads a kubeconfig of 1 MB', async t => {
	const file = join(await temporaryDirectory(t), 'config');
	const data = Buffer.alloc(1500, 7).toString('base64');
	await writeFile(
		file,
		`clusters:\n${Array.from({length: 1000}, (_, i) => `- name: c${i}\n  cluster:\n    server: https://x.test:6443\n    certificate-authority-data: ${data}\n`).join('')}`,
	);
	t.is((await loadKubeconfig(file, {})).config.clusters.size, 1000);
});

function spentMs(began: NodeJS.CpuUsage): number {
	const {user, system} = process.cpuUsage(began);
	return (user + system) / 1000;
}
