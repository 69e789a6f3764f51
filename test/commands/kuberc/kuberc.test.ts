import {mkdir, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {applyKuberc} from '../../../source/commands/kuberc/apply-kuberc.ts';
import {commandSpecs} from '../../../source/commands/command-specs.ts';
import {kubeconfigText} from '../../support/kubeconfig-text.ts';
import {runSpoke} from '../../support/run-spoke.ts';
import {openSandbox} from '../../support/sandbox.ts';
import {temporaryDirectory} from '../../support/temporary-directory.ts';
import {until} from '../../support/until.ts';

const loadFlags = async (name: string) => commandSpecs.find(spec => spec.name === name)!.flags;
const head = 'apiVersion: kubectl.config.k8s.io/v1beta1\nkind: Preference\n';

async function apply(t: ExecutionContext, kuberc: string, line: string, more: {env?: NodeJS.ProcessEnv} = {}) {
	const folder = await temporaryDirectory(t);
	await mkdir(join(folder, '.kube'));
	await writeFile(join(folder, '.kube/kuberc'), kuberc);
	const argv = line.split(' ');
	const warnings: string[] = [];
	const at = argv.findIndex(word => !word.startsWith('-'));
	const applied = await applyKuberc(argv, at, {loadFlags, env: {HOME: folder, ...more.env}, warn: text => warnings.push(text)});
	return {line: applied.join(' '), warnings};
}

const defaults = `${head}defaults:
- command: logs
  options:
  - {name: tail, default: "5"}
  - {name: timestamps, default: "true"}
- command: exec
  options:
  - {name: stdin, default: "true"}
- command: get
  options:
  - {name: no-such-flag, default: x}
`;
const aliases = `${head}aliases:
- name: lg
  command: logs
  prependArgs: [deploy/web]
  appendArgs: [-c, web]
  options:
  - {name: tail, default: "3"}
- name: run
  command: exec
  appendArgs: [--, sh, -c, "true"]
- name: getn
  command: get
  prependArgs: [node]
- name: tail
  command: logs
`;

for (const [title, kuberc, line, expected] of [
	['defaults are set', defaults, 'logs web', 'logs --tail=5 --timestamps=true web'],
	['a flag that is passed keeps its value', defaults, 'logs web --tail=9', 'logs --timestamps=true web --tail=9'],
	['a flag that is passed with a space keeps its value', defaults, 'logs web --tail 9', 'logs --timestamps=true web --tail 9'],
	['a short flag among others counts as passed', defaults, 'exec -ti web -- sh', 'exec -ti web -- sh'],
	['another command is not changed', defaults, 'attach web', 'attach web'],
	['an alias expands as in kubectl', aliases, 'lg --previous', 'logs --tail=3 deploy/web --previous -c web'],
	['an option of an alias gives way to a flag that is passed', aliases, 'lg --tail=1', 'logs deploy/web --tail=1 -c web'],
	['appended arguments can begin with --', aliases, 'run web', 'exec web -- sh -c true'],
	['a word that is no alias is not changed', aliases, 'nope web', 'nope web'],
	[
		'the first kind had other names',
		'apiVersion: kubectl.config.k8s.io/v1alpha1\nkind: Preference\noverrides:\n- command: logs\n  flags:\n  - {name: tail, default: "5"}\n',
		'logs web',
		'logs --tail=5 web',
	],
	[
		'a document of another kind is passed over',
		`apiVersion: v1\nkind: Other\n---\n${defaults}`,
		'logs web',
		'logs --tail=5 --timestamps=true web',
	],
	[
		'flags of kubectl that do nothing here are skipped',
		`${head}defaults:\n- command: logs\n  options:\n  - {name: cache-dir, default: /tmp/x}\n  - {name: profile, default: cpu}\n  - {name: vmodule, default: x=4}\n`,
		'logs web',
		'logs web',
	],
	['an empty file changes nothing', '', 'logs web', 'logs web'],
] as const) {
	test(`${title}: ${line}`, async t => {
		t.deepEqual(await apply(t, kuberc, line), {line: expected, warnings: []});
	});
}

for (const [title, kuberc, line, message] of [
	[
		'a flag that the command does not have',
		`${head}defaults:\n- command: logs\n  options:\n  - {name: nope, default: x}\n`,
		'logs web',
		'invalid flag nope for command logs',
	],
	[
		'a value that the flag does not take',
		`${head}defaults:\n- command: logs\n  options:\n  - {name: tail, default: many}\n`,
		'logs web',
		/^could not apply override value many to flag tail in command logs err: /,
	],
	[
		'a flag of an alias that the command does not have',
		`${head}aliases:\n- name: lg\n  command: logs\n  options:\n  - {name: nope, default: x}\n`,
		'lg web',
		'invalid alias flag nope in alias lg',
	],
	[
		'a flag with dashes',
		`${head}defaults:\n- command: logs\n  options:\n  - {name: --tail, default: "5"}\n`,
		'logs web',
		'flag name --tail should be in long form without dashes',
	],
	[
		'an alias that is no word',
		`${head}aliases:\n- name: l-g\n  command: logs\n`,
		'logs web',
		'invalid alias name, can only include alphabetical characters',
	],
	[
		'an alias that is given twice',
		`${head}aliases:\n- name: lg\n  command: logs\n- name: lg\n  command: logs\n`,
		'logs web',
		'duplicate alias name lg',
	],
	[
		'an alias with defaults of its own',
		`${head}aliases:\n- name: lg\n  command: logs\ndefaults:\n- command: lg\n  options: []\n`,
		'lg web',
		'alias lg can not be overridden',
	],
	['an alias of a command that spoke does not have', aliases, 'getn n1', 'command "get" not found to set alias "getn"'],
] as const) {
	test(`an error is thrown for ${title}`, async t => {
		await t.throwsAsync(apply(t, kuberc, line), {message});
	});
}

test('an invalid default kuberc is a warning, and an invalid named one an error', async t => {
	const folder = await temporaryDirectory(t);
	await mkdir(join(folder, '.kube'));
	const file = join(folder, '.kube/kuberc');
	await writeFile(file, 'kind: Other\n');
	const warnings: string[] = [];
	const context = (env: NodeJS.ProcessEnv) => ({loadFlags, env, warn: (text: string) => warnings.push(text)});
	t.deepEqual(await applyKuberc(['logs', 'web'], 0, context({HOME: folder})), ['logs', 'web']);
	t.deepEqual(warnings, [`kuberc: no preferences loaded from ${file}: no valid preferences found in ${file}`]);
	await t.throwsAsync(applyKuberc(['logs', 'web'], 0, context({HOME: folder, KUBERC: file})), {
		message: `kuberc: no valid preferences found in ${file}`,
	});
	await t.throwsAsync(applyKuberc(['logs', 'web', '--kuberc', '/nonexistent/x'], 0, context({HOME: folder})), {
		message: 'kuberc: open /nonexistent/x: no such file or directory',
	});
	t.deepEqual(
		await applyKuberc(['logs', 'web'], 0, context({HOME: '/nonexistent'})),
		['logs', 'web'],
		'a missing file is nothing to speak of',
	);
});

test('spoke runs an alias, prefers --kuberc to $KUBERC, and ignores both with KUBERC=off', async t => {
	const {env} = await openSandbox(t);
	const folder = await temporaryDirectory(t);
	const [mine, other] = [join(folder, 'mine'), join(folder, 'other')];
	await writeFile(
		mine,
		`${head}defaults:\n- command: logs\n  options:\n  - {name: tail, default: "2"}\naliases:\n- name: weblog\n  command: logs\n  prependArgs: [deploy/web, -c, access-log]\n  options:\n  - {name: tail, default: "1"}\n`,
	);
	await writeFile(other, `${head}defaults:\n- command: logs\n  options:\n  - {name: tail, default: "4"}\n`);
	const lines = async (argv: readonly string[], more: NodeJS.ProcessEnv) => {
		const {stdout, stderr, status} = await runSpoke(argv, {env: {...env, ...more}});
		t.is(status, 0, stderr);
		return stdout.trimEnd().split('\n').length;
	};

	const logs = ['logs', 'deploy/web', '-c', 'access-log'];
	// A new log has fewer lines than any of these requests.
	await until(async () => (await lines(logs, {KUBERC: 'off'})) > 4);

	t.is(await lines(logs, {KUBERC: mine}), 2);
	t.is(await lines([...logs, '--kuberc', other], {KUBERC: mine}), 4);
	t.is(await lines([`--kuberc=${mine}`, 'weblog'], {}), 1);
	t.is(await lines([...logs, '--tail=3'], {KUBERC: mine}), 3);
	t.true((await lines(logs, {KUBERC: 'off'})) > 4);
	t.true((await lines(logs, {KUBERC: mine, KUBECTL_KUBERC: 'FALSE'})) > 4);
	const both = await runSpoke([...logs, '--kuberc', mine], {env: {...env, KUBERC: 'off'}});
	t.is(both.status, 2);
	t.regex(both.stderr, /disabling kuberc via KUBERC=off and passing kuberc flag are mutually exclusive/);
	t.is((await runSpoke(['exec', 'web', '--kuberc', '/nonexistent/x', '--', 'true'], {env})).status, 125);
	t.is(
		(await runSpoke(['path', 'deploy/web', '--feature', 'logs', '--kuberc', mine], {env})).status,
		0,
		'accepted by every command that reaches a cluster',
	);
});

test('spoke applies the plugin policy of --kuberc', async t => {
	const folder = await temporaryDirectory(t);
	await writeFile(join(folder, 'deny'), `${head}credentialPluginPolicy: DenyAll\n`);
	const exec = {apiVersion: 'client.authentication.k8s.io/v1', command: '/bin/true', interactiveMode: 'Never'};
	await writeFile(join(folder, 'config'), kubeconfigText({server: 'https://127.0.0.1:1', user: {exec}}));
	const {status, stderr} = await runSpoke(['logs', 'web', '--kubeconfig', join(folder, 'config'), '--kuberc', join(folder, 'deny')]);
	t.is(status, 6);
	t.regex(stderr, /not allowed: policy set to "DenyAll"/);
});

test('completion offers aliases and completes the arguments of their commands', async t => {
	const {env} = await openSandbox(t);
	const folder = await temporaryDirectory(t);
	await writeFile(join(folder, 'kuberc'), aliases);
	const words = async (...typed: string[]) => {
		const {stdout} = await runSpoke(['completion', 'words', '--', ...typed], {env: {...env, KUBERC: join(folder, 'kuberc')}});
		return stdout
			.trimEnd()
			.split('\n')
			.map(line => line.split('\t')[0]);
	};

	t.deepEqual(await words('l'), ['logs', 'lg']);
	t.deepEqual(await words('run', 'deploy/w'), ['deploy/web']);
	t.deepEqual(await words('lg', '--tim'), ['--timestamps']);
	t.deepEqual(await words('logs', '--kuber'), ['--kuberc']);
});
