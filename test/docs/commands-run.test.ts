/** The commands of README, of getting started and of the recipes do on the sandbox what their pages say. */
import {readFile, symlink} from 'node:fs/promises';
import {join} from 'node:path';
import process from 'node:process';
import test, {type ExecutionContext} from 'ava';
import {builtProgram, type RunningSpoke, startSpoke} from '../support/run-spoke.ts';
import {temporaryDirectory} from '../support/temporary-directory.ts';
import {until} from '../support/until.ts';

/** A command that does not end by itself gets Ctrl-c once it has printed what it should. One that says it later is run again until then. */
type Row = {prints: RegExp; status?: number; isEndless?: true; isLater?: true};

const unverified = /path: you -verified-> apiserver -direct,unverified-> kubelet n\d$/m;
const pages: Readonly<Record<string, Readonly<Record<string, Row>>>> = {
	'docs/getting-started.md': {
		'spoke exec deploy/web -- hostname': {prints: /^web-/m},
		'spoke path deploy/web --feature exec': {prints: new RegExp(`${unverified.source}[^]+unverified, proven[^]+fix: set `, 'm')},
		'spoke path deploy/web --feature exec -v 1': {prints: new RegExp(`${unverified.source}[^]+kubelet-certificate-authority=""`, 'm')},
		'spoke path deploy/web --feature exec --context sandbox-bob': {prints: /-unknown-> kubelet[^]+needs: one of: get nonResourceURL \/flagz/},
		'spoke logs -f deploy/web --tail 5': {prints: /^listening on :8080 as web-/m, isEndless: true},
		'spoke doctor deploy/flaky': {prints: /✓ leg 2[^]+✗ leg 3/, status: 12, isLater: true},
		'spoke port-forward svc/web 8080:80': {prints: /Forwarding from 127\.0\.0\.1:8080 -> 8080/, isEndless: true},
		'spoke audit': {prints: /^FAIL C4/m},
		'spoke audit --require verified; echo $?': {prints: /^3$/m},
	},
	'README.md': {
		'spoke logs -f deploy/web': {prints: /^listening on :8080 as web-/m, isEndless: true},
		'spoke port-forward svc/web 8080:80 -o json': {prints: /"event":"ready"/, isEndless: true},
		'spoke doctor deploy/web': {prints: /every leg responds/},
		'spoke path deploy/web': {prints: unverified},
		'spoke audit --require verified': {prints: /requirement not met: verified/, status: 3},
	},
	'docs/recipes.md': {
		'spoke audit --require verified -o junit > spoke.xml': {prints: /requirement not met/, status: 3},
		'spoke audit --require verified --accept "C4=private network, ticket 7" -o junit > spoke.xml': {prints: /^$/},
		'spoke audit --require verified -o sarif > spoke.sarif': {prints: /requirement not met/, status: 3},
		'spoke doctor deploy/web -o json > doctor.json': {prints: /^$/},
		'spoke path deploy/web -o json > path.json': {prints: /^$/},
		'spoke logs deploy/web --export incident-7': {prints: /incident-7/},
	},
};

/** They need a terminal, another program or another cluster. */
const notRun = [
	/^spoke(?: tail .*| exec -it .*| demo .*)?$/,
	/^spoke path deploy\/NAME/,
	/jq|BASTION|proxy-url|--record|socat|deploy\/db/,
];

test.serial('the commands of README, getting started and recipes do what their pages say', async t => {
	const home = await temporaryDirectory(t);
	await symlink(builtProgram, join(home, 'spoke'));
	const env = {PATH: `${home}:${process.env['PATH']}`, HOME: home, KUBECONFIG: join(home, 'sandbox.yaml')};
	const start = (command: string) => startSpoke(t, ['-c', command], {program: ['bash'], cwd: home, env});
	await start('spoke demo --serve --kubeconfig-out sandbox.yaml').sees(/serving at/);
	for (const [page, rows] of Object.entries(pages)) {
		const commands = commandsOf(await readFile(new URL(`../../${page}`, import.meta.url), 'utf8'));
		t.deepEqual(commands.toSorted(), Object.keys(rows).toSorted(), `${page}: each command has a row`);
		for (const command of commands) {
			await assertRow(t, command, rows[command]!, () => start(command));
		}
	}
});

async function assertRow(
	t: ExecutionContext,
	command: string,
	{prints, status = 0, isEndless, isLater}: Row,
	start: () => RunningSpoke,
): Promise<void> {
	const textOf = ({stdout, stderr}: RunningSpoke['output']) => stdout + stderr;
	if (isEndless) {
		const running = start();
		await until(() => prints.test(textOf(running.output)), running.output);
		await running.end('SIGINT');
		return;
	}

	let ended = await start().ended;
	while (isLater && !prints.test(textOf(ended))) {
		ended = await start().ended;
	}

	t.is(ended.status, status, `${command}: ${textOf(ended)}`);
	t.regex(textOf(ended), prints, command);
}

/** The lines of the code blocks that start spoke, without their comments. */
function commandsOf(text: string): string[] {
	const blocks = [...text.matchAll(/^```(\w*)\n([^]*?)^```$/gm)].flatMap(([, language, block]) => (language === '' ? [block!] : []));
	const lines = blocks.flatMap(block => block.split('\n')).map(line => line.replace(/\s+#.*/, ''));
	return lines.filter(line => /^spoke(?: |$)/.test(line) && !notRun.some(pattern => pattern.test(line)));
}
