import {execFile} from 'node:child_process';
import {symlink} from 'node:fs/promises';
import {join} from 'node:path';
import process from 'node:process';
import {promisify} from 'node:util';
import test from 'ava';
import {completeNames, command, completionScripts} from '../../source/commands/completion/run.ts';
import {completeLine} from '../../source/commands/completion/complete-line.ts';
import {commandSpecs} from '../../source/commands/command-specs.ts';
import {scenarios} from '../../source/sandbox/scenarios.ts';
import {serve} from '../support/api-server.ts';
import {builtProgram, runSpoke} from '../support/run-spoke.ts';
import {openContexts, openSandbox} from '../support/sandbox.ts';
import {temporaryDirectory} from '../support/temporary-directory.ts';

/** The server shares the process and the machine with other tests. */
const timeoutMs = 30_000;
const offered: ReadonlyArray<readonly [line: string, words: readonly string[]]> = [
	['po', ['port-forward', 'policy']],
	['--context x lo', ['logs']],
	['-n demo ex', ['exec']],
	['keys --check', ['--check']],
	['logs --tim', ['--timestamps']],
	['keys -o ', ['text', 'json']],
	['keys --output=j', ['--output=json']],
	['fo', ['forwards']],
	['forwards ', ['list', 'stop', 'logs', 'check']],
	['completion ', ['bash', 'zsh', 'fish']],
	['proxy g', ['get']],
	['exec web -- l', []],
	['help do', ['doctor']],
	['path --feature po', ['port-forward', 'pod-proxy']],
	['audit --require ver', ['verified']],
	['audit --require C1', ['C1=pass', 'C10=pass', 'C11=pass']],
	['audit --require=N5', ['--require=N5=pass']],
	['audit --accept C4', ['C4=']],
	['path --require ', ['verified', 'tunnelled', 'protected']],
	['keys --keymap ', ['default', 'vim', 'k9s']],
	['nonsense ', []],
	['logs node/n1 --query k', ['kubelet']],
	['exec --path ', ['auto', 'always', 'never', 'json']],
	['exec --path --qu', ['--quiet']],
];
for (const [line, words] of offered) {
	test(`\`spoke ${line}\` offers ${words.join(', ') || 'nothing'}`, t => {
		t.deepEqual(
			completeLine(commandSpecs, line.split(' ')).offers.map(({word}) => word),
			words,
		);
	});
}

const asked: ReadonlyArray<readonly [string, string, string]> = [
	['logs we', 'target', 'we'],
	['debug -it we', 'target', 'we'],
	['logs -n ', 'namespace', ''],
	['--context pr', 'context', 'pr'],
	['tail --context=pr', 'context', 'pr'],
	['port-forward svc/', 'target', 'svc/'],
	['logs web -c ', 'container', ''],
	['proxy get svc/', 'target', 'svc/'],
	['exec --path we', 'target', 'we'],
	['cp we', 'target', 'we'],
	['cp deploy/', 'target', 'deploy/'],
	['cp ./a we', 'target', 'we'],
	['logs web a', 'container', 'a'],
	['logs -n demo web ', 'container', ''],
	['logs pod/web pod/', 'target', 'pod/'],
	['tail web ', 'target', ''],
	['port-forward svc/web 8080:h', 'port', 'h'],
	['port-forward svc/web 80 ', 'port', ''],
	['port-forward svc/web 80 sts/', 'target', 'sts/'],
	['forwards stop d', 'detached-forward', 'd'],
	['forwards stop db-1 8', 'detached-forward', '8'],
	['forwards logs ', 'detached-forward', ''],
	['forwards check s', 'forward-set', 's'],
	['--forwards s', 'forward-set', 's'],
];
for (const [line, kind, prefix] of asked) {
	test(`\`spoke ${line}\` completes a ${kind} that begins with ${JSON.stringify(prefix)}`, t => {
		const {nameCompletion: asked} = completeLine(commandSpecs, line.split(' '));
		t.is(asked?.kind, kind as 'target');
		t.is(asked?.prefix, prefix);
	});
}

for (const line of [
	'exec web ',
	'attach -it web ',
	'path svc/web ',
	'doctor web ',
	'debug web ',
	'proxy get svc/web ',
	'logs web app ',
	'cp web:/a ',
	'cp ./a',
	'forwards list ',
	'forwards logs db-1 ',
]) {
	test(`\`spoke ${line}\` completes nothing after its target`, t => {
		t.is(completeLine(commandSpecs, line.split(' ')).nameCompletion, null);
	});
}

test('completion offers every command, and each script calls spoke', t => {
	const words = completeLine(commandSpecs, ['']).offers.map(({word}) => word);
	t.deepEqual(
		words,
		commandSpecs.map(row => row.name).filter(name => name !== 'session'),
	);
	for (const script of Object.values(completionScripts)) {
		t.regex(script, /spoke completion words --/);
	}
});

test('completion rejects an inherited property name as a shell', async t => {
	await t.throwsAsync(async () => command.run({positionals: ['constructor']} as unknown as Parameters<typeof command.run>[0]), {
		code: 'ERR_USAGE',
		message: 'no completion for "constructor"',
	});
});

test('fish offers files only without other candidates, and zsh no empty descriptions', t => {
	t.regex(completionScripts['fish']!, /if set -q offers\[1\][\s\S]*return[\s\S]*__fish_complete_path[\s\S]*complete -c spoke -f -a/);
	t.true(completionScripts['zsh']!.includes('${about:+:$about}'));
});

test('zsh unquotes input, offers files after --flag=, and loads its script from fpath', t => {
	const script = completionScripts['zsh']!;
	t.true(script.includes('spoke completion words -- "${(@Q)words[2,CURRENT]}"'));
	t.regex(script, /compset -P '--\*='\n\t\t_files/);
	t.regex(
		script,
		/^#compdef spoke\n[\s\S]*\[\[ \$\{funcstack\[1\]\} == _spoke \]\]; then\n\t_spoke "\$@"\nelse\n\tcompdef _spoke spoke\nfi\n$/,
	);
});

for (const [line, lines] of [
	['lo', ['logs\tprint or follow the logs of pods, across disconnects, restarts and rotation']],
	['logs --path=a', ['--path=auto\t', '--path=always\t']],
	['completion f', ['fish\t']],
	['port-forward -f ', []],
	['logs --kubeconfig=', []],
] as const) {
	test(`\`spoke ${line}\` prints word, tab and description, one candidate per line`, async t => {
		const {status, stdout} = await runSpoke(['completion', 'words', '--', ...line.split(' ')]);
		t.is(status, 0);
		t.deepEqual(stdout, lines.map(one => `${one}\n`).join(''));
	});
}

for (const [line, words, directive] of [
	['lo', ['logs'], 4],
	['keys --output=j', ['--output=json'], 4],
	['port-forward -f ', [], 0],
	['--kubeconfig ', [], 0],
] as const) {
	test(`kubectl gets the candidates of \`kubectl spoke ${line}\` with directive ${directive}`, async t => {
		const {status, stdout} = await runSpoke(['completion', 'kubectl', '--', ...line.split(' ')]);
		t.is(status, 0);
		const lines = stdout.trimEnd().split('\n');
		t.is(lines.pop(), `:${directive}`);
		t.deepEqual(
			lines.map(one => one.split('\t')[0]),
			words,
		);
	});
}

test('kubectl adds no space after a kind, and completes through the plugin file', async t => {
	const {env} = await openSandbox(t);
	const folder = await temporaryDirectory(t);
	const plugin = join(folder, 'kubectl_complete-spoke');
	await symlink(builtProgram, plugin);
	const asKubectl = async (...words: string[]) => {
		const {stdout} = await promisify(execFile)(process.execPath, [plugin, ...words], {
			env: {PATH: process.env['PATH'], HOME: '/nonexistent', ...env},
		});
		return stdout.replaceAll(/\t.*/g, '').trimEnd().split('\n');
	};

	t.deepEqual(await asKubectl('logs', 'dep'), ['deploy/', ':6']);
	t.deepEqual(await asKubectl('logs', 'deploy/we'), ['deploy/web', ':4']);
	t.is((await asKubectl('logs', '')).at(-1), ':4', 'pods stand beside the kinds');
	t.deepEqual(await asKubectl('--help'), ['--help', ':4'], 'a flag that is typed is completed, not obeyed');
});

test('completion offers every scenario of the sandbox', t => {
	t.deepEqual(
		completeLine(commandSpecs, ['demo', '--scenario', '']).offers.map(({word}) => word),
		Object.keys(scenarios),
	);
});

test('a target or namespace can have the name of a command', t => {
	t.deepEqual(completeLine(commandSpecs, ['-n', 'logs', 'logs', 'logs', '-c', '']).rest, ['-n', 'logs', 'logs', '-c', '']);
});

async function namesOf(line: string, env: NodeJS.ProcessEnv): Promise<string[]> {
	const {nameCompletion: asked, command, rest} = completeLine(commandSpecs, line.split(' '));
	return (await completeNames(asked!, rest, command?.flags ?? [], {env, timeoutMs})).map(({word}) => word);
}

test('names come from the cluster that the line selects, also for flag values', async t => {
	const {env} = await openSandbox(t);
	const offered = async (line: string) => namesOf(line, env);
	t.deepEqual(await offered('logs deploy/web -c '), ['web', 'access-log']);
	t.deepEqual(await offered('exec -n kube-system ds/node-logger -c l'), ['logger']);
	t.deepEqual(await offered('proxy get svc/https:w'), ['svc/https:web']);
	t.deepEqual(await offered('logs deploy/web a'), ['access-log']);
	t.deepEqual(await offered('port-forward svc/web 8080:'), ['8080:80', '8080:http', '8080:443', '8080:https']);
	t.deepEqual(await offered('port-forward svc/nope 80 deploy/web h'), ['http', 'https']);
	t.deepEqual(
		[await offered('exec n'), await offered('exec node/'), await offered('proxy get de')],
		[[], [], []],
		'what a command refuses is not offered',
	);
	t.deepEqual(await offered('path nod'), ['node/']);
	t.true((await offered('logs node/')).includes('node/n1'));
	t.true((await offered('doctor node/')).length > 0);
	t.true((await offered('logs -n ')).includes('shop'));
	await t.throwsAsync(offered('--context nowhere logs -n '), {message: /nowhere/});
});

test('a context is completed after a comma, without those before it', async t => {
	const {env} = await openContexts(t, {eu: {}, us: {}});
	const offered = async (line: string) => namesOf(line, env);
	t.deepEqual(await offered('audit --context '), ['eu', 'us', 'down', 'broken']);
	t.deepEqual(await offered('audit --context us,'), ['us,eu', 'us,down', 'us,broken']);
	t.deepEqual(await offered('audit --context=us,eu,d'), ['--context=us,eu,down']);
	t.deepEqual(await offered('exec --context us,'), []);
});

const inBash: ReadonlyArray<readonly [line: string, asked: string, offer: string, reply: string]> = [
	['spoke lo', '[lo]', 'logs', 'logs'],
	['spoke logs ', '[logs][]', 'db-0', 'db-0'],
	['spoke logs --path=al', '[logs][--path=al]', '--path=always', 'always'],
	['spoke logs --path=', '[logs][--path=]', '--path=always', 'always'],
	['spoke proxy get svc/https:w', '[proxy][get][svc/https:w]', 'svc/https:web', 'web'],
	// A kubeconfig can name a context anything, and the shell runs what bash completes with the next Enter.
	['spoke --context ', '[--context][]', '$(id);x', String.raw`\$\(id\)\;x`],
	['spoke logs --context=m', '[logs][--context=m]', '--context=my `id`', 'my\\ \\`id\\`'],
	['spoke --context kind', '[--context][kind]', 'kind-a@b.example:6443/ada', 'kind-a@b.example:6443/ada'],
];
for (const [line, asked, offer, reply] of inBash) {
	test(`bash completes ${JSON.stringify(line)} as whole words, past its word breaks`, async t => {
		const script = `${completionScripts['bash']!}
spoke() { shift 3; printf '[%s]' "$@" >&2; printf '%s\\tdoes\\n' "$OFFER"; }
COMP_POINT=\${#COMP_LINE}
_spoke
printf ' %s' "\${COMPREPLY[@]}"`.replaceAll('2>/dev/null', '');
		const {stdout, stderr} = await promisify(execFile)('bash', ['--norc', '-c', script], {
			env: {PATH: process.env['PATH'], COMP_LINE: line, OFFER: offer},
		});
		t.is(stderr, asked);
		t.is(stdout, ` ${reply}`);
	});
}

test('a name that a shell would execute is not offered', async t => {
	const rows = ['web', '$(id)', 'x;id', 'a\u001B]52;c;eA==\u0007'].map(name => ({cells: [name]}));
	const server = await serve(t, {'*': {kind: 'Table', columnDefinitions: [{name: 'Name'}], rows}});
	const [, file] = await server.config();
	t.deepEqual(await namesOf('logs -n ', {KUBECONFIG: file}), ['web']);
});
