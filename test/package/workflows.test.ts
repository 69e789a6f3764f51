/** The workflows and the action run what the repository has. */
import {execFile} from 'node:child_process';
import {readdir, readFile, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import test, {type ExecutionContext} from 'ava';
import {parse} from 'yaml';
import {nodeVersion, platforms} from '../../scripts/release/release-data.ts';
import {nodePath} from '../support/node-path.ts';
import {openSandbox} from '../support/sandbox.ts';
import {temporaryDirectory} from '../support/temporary-directory.ts';

type Step = {uses?: string; run?: string; env?: Record<string, string>; with?: Record<string, string>};
type Job = {steps: Step[]; permissions?: Record<string, string>; strategy?: {matrix: Record<string, unknown[]>}};
type Workflow = {permissions: Record<string, string>; jobs: Record<string, Job>};

const root = fileURLToPath(new URL('../../', import.meta.url));
const folder = join(root, '.github/workflows');
const texts = new Map(
	await Promise.all((await readdir(folder)).map(async name => [name, await readFile(join(folder, name), 'utf8')] as const)),
);
const action = await readFile(join(root, 'action.yml'), 'utf8');
const actionSteps = (parse(action) as {runs: {steps: Step[]}}).runs.steps;
const workflows = new Map([...texts].map(([name, text]) => [name, parse(text) as Workflow] as const));
const jobs = [...workflows].flatMap(([name, workflow]) =>
	Object.entries(workflow.jobs).map(([job, about]) => ({name: `${name}: ${job}`, job: about})),
);
const commands = jobs.flatMap(({job}) => job.steps.flatMap(({run}) => (run === undefined ? [] : run.trim().split('\n'))));
const {scripts, engines} = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as {
	scripts: Record<string, string>;
	engines: {node: string};
};

test('every action is pinned to a commit, with its version beside it', t => {
	const uses = [...texts.values(), action].flatMap(text => [...text.matchAll(/uses: (.+)/g)].map(([, what]) => what!));
	t.true(uses.length > 8);
	for (const what of uses) {
		t.regex(what, /^[\w.-]+\/[\w./-]+@[\da-f]{40} # v\d+\.\d+\.\d+$/);
	}
});

test('workflows run only scripts that package.json has', t => {
	const names = commands.flatMap(command => scriptsIn(command));
	t.true(names.length >= 3);
	t.deepEqual(
		names.filter(name => !(name in scripts)),
		[],
	);
});

test('CI runs each suite of .ci/run, and .ci/run itself for those that need root', async t => {
	const [beforeSlices, slices] = (await readFile(join(root, '.ci/run'), 'utf8')).split(/^run_slice\(\) \{.*\n([^}]+)\n\}$/m);
	const suites = new Set(scriptsIn(beforeSlices!).filter(name => name !== 'test:cluster'));
	t.true(suites.size > 3);
	t.true(scriptsIn(slices!).length > 3);
	for (const suite of suites) {
		t.true(
			commands.some(command => new RegExp(`npm (?:run (?:--silent )?)?${suite}$`).test(command)),
			suite,
		);
	}

	t.true(commands.some(command => command.endsWith('bash .ci/run "$SUITES"')));
});

test('CI runs on the oldest Node that spoke supports, and on that of the release', t => {
	const {node} = workflows.get('ci.yml')!.jobs['test']!.strategy!.matrix as {node: string[]};
	for (const version of [engines.node.replace('>=', ''), nodeVersion]) {
		t.true(node.includes(version.split('.')[0]!), version);
	}
});

test('the release builds each platform, with the Node that becomes part of it', t => {
	const {build} = workflows.get('release.yml')!.jobs as {build: Job};
	const {include} = build.strategy!.matrix as {include: Array<{platform: string}>};
	t.deepEqual(
		include.map(({platform}) => platform),
		platforms.map(({os, arch}) => `${os}-${arch}`),
	);
	t.true(build.steps.some(step => step.with?.['node-version'] === nodeVersion));
});

/** Scripts of workflows and of the action that `.ci/run` does not contain: what else runs them, or why nothing does. */
const otherScripts: Readonly<Record<string, string>> = {
	'npm ci --no-audit --no-fund --ignore-scripts': 'nothing: .ci/run installs with scripts, so that its Node is that of the release',
	'npm ci --no-audit --no-fund --ignore-scripts && npm run build': 'nothing: it would replace the packages that this test runs on',
	'test/real-cluster/konnectivity.sh konnectivity "$RUNNER_TEMP/konnectivity"': 'nothing: it needs a clone of Konnectivity',
	'sudo --preserve-env=PATH,CI,SPOKE_KONNECTIVITY_BIN bash .ci/run "$SUITES"': 'whoever runs .ci/run',
	'go run github.com/rhysd/actionlint/cmd/actionlint@v1.7.12': 'the release suite',
	'npm run release -- --only platform': 'the release suite',
	'npm run release -- --only shared': 'the release suite',
	'gh release create "$GITHUB_REF_NAME" --draft --verify-tag --generate-notes dist/*': 'the release suite, with a gh that only records',
	'bash "$GITHUB_ACTION_PATH/scripts/action/audit-gate.sh"': 'this file',
};

test('each script of a workflow or of the action is run here, or has a reason', async t => {
	const ciRun = await readFile(join(root, '.ci/run'), 'utf8');
	const scripts = [...jobs.flatMap(({job}) => job.steps), ...actionSteps].flatMap(({run}) => run?.trim() ?? []);
	const commands = new Set(ciRun.split(/\n|&&|'|run_suite \w+ /).map(part => part.trim()));
	const others = new Set(scripts.filter(script => !commands.has(script)));
	t.deepEqual([...others].toSorted(), Object.keys(otherScripts).toSorted());
});

test('a workflow has no permissions, and a job those that it names', t => {
	for (const [name, {permissions}] of workflows) {
		t.deepEqual(permissions, {}, name);
	}

	for (const {name, job} of jobs) {
		t.truthy(job.permissions, name);
	}
});

test('no script of a workflow or of the action contains an expression', t => {
	const steps = [...jobs.flatMap(({job}) => job.steps), ...actionSteps];
	t.deepEqual(
		steps.filter(({run}) => run?.includes('${{')),
		[],
	);
});

test('the action hands each input to its script', async t => {
	const {inputs} = parse(action) as {inputs: Record<string, object>};
	const script = await readFile(join(root, 'scripts/action/audit-gate.sh'), 'utf8');
	const env = actionSteps.at(-1)!.env!;
	t.deepEqual(
		Object.values(env),
		Object.keys(inputs).map(name => `\${{ inputs.${name} }}`),
	);
	for (const name of Object.keys(env)) {
		t.true(script.includes(name), name);
	}
});

for (const [title, require, status, result, accept] of [
	['fails when a requirement is not met', 'verified', 3, 'not-met', ''],
	['passes when a requirement is met', 'C9=pass', 0, 'met', ''],
	['passes when the failing row is accepted', 'verified', 0, 'met', 'C4=private network, "ticket 7"\n'],
] as const) {
	test(`the action ${title}`, async t => {
		const gate = await runGate(t, {SPOKE_REQUIRE: require, SPOKE_ACCEPT: accept});
		t.is(gate.status, status, gate.stderr);
		t.is(gate.output, `result=${result}\n`);
		t.is((JSON.parse(gate.report) as {version: string}).version, '2.1.0');
		t.true(
			gate.summary.split('\n').every(line => line === '' || line.startsWith('    ')),
			'a code block',
		);
		t.regex(gate.summary, /^ {4}(?:FAIL|accepted) +C4 /im);
	});
}

/** Those of `package.json` that the text runs with npm. */
function scriptsIn(text: string): string[] {
	return [...text.matchAll(/\bnpm (?:run (?:--silent )?([\w:]+)|(test)\b)/g)].map(([, name, short]) => name ?? short!);
}

async function runGate(t: ExecutionContext, inputs: NodeJS.ProcessEnv) {
	const {kubeconfigFile} = await openSandbox(t);
	const scratch = await temporaryDirectory(t);
	const [report, output, summary] = ['report.sarif', 'output', 'summary'].map(name => join(scratch, name)) as [string, string, string];
	await Promise.all([output, summary].map(async path => writeFile(path, '')));
	const env = {
		PATH: nodePath,
		HOME: scratch,
		GITHUB_ACTION_PATH: root,
		GITHUB_OUTPUT: output,
		GITHUB_STEP_SUMMARY: summary,
		SPOKE_KUBECONFIG: kubeconfigFile,
		SPOKE_OUTPUT: report,
		...inputs,
	};
	const {status, stderr} = await new Promise<{status: number; stderr: string}>(resolve => {
		execFile('bash', ['-e', '-c', actionSteps.at(-1)!.run!], {env}, (error, _, stderr) => {
			resolve({status: error === null ? 0 : Number(error.code), stderr});
		});
	});
	return {
		status,
		stderr,
		report: await readFile(report, 'utf8'),
		output: await readFile(output, 'utf8'),
		summary: await readFile(summary, 'utf8'),
	};
}
