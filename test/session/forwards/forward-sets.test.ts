/** Saved sets of forwards. */
import {mkdir, readFile, stat, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {addToForwardSet, readForwardSets, writeForwardSet} from '../../../source/session/forwards/forward-sets.ts';
import {forwardEntry} from '../../support/forward-entry.ts';
import {newHome} from '../../support/new-home.ts';
import {openSession, sessionOnSandbox} from '../../support/open-session.ts';
import {openSandbox} from '../../support/sandbox.ts';
import type {TestScreen} from '../../support/test-screen.ts';
import {until} from '../../support/until.ts';
import {unusedPort} from '../../support/unused-port.ts';

/** Saves the open forwards of the session as a new set. */
async function saveOpenForwards(session: TestScreen, name: string, count: number): Promise<void> {
	session.press('save', 'clear');
	session.type(`${name}\r`);
	await session.sees(new RegExp(`saved ${count} forwards?: ~/\\.config/spoke/forwards/${name}`));
}

/** Opens forwards in a session and saves them as the set `mine`. Resolves to its file after the session has ended. */
async function saveSet(
	t: ExecutionContext,
	{home, kubeconfigFile}: {home: string; kubeconfigFile: string},
	forwards: ReadonlyArray<readonly [target: string, local: number, remote: number]>,
): Promise<string> {
	const session = await openSession(t, ['--kubeconfig', kubeconfigFile], {home});
	await session.sees(/web-\w+-\w+/);
	session.press('view.forwards');
	session.type(forwards.map(([target, local, remote]) => `:forward ${target} ${local}:${remote}\r`).join(''));
	await session.sees(new RegExp(forwards.map(([target, local, remote]) => `● :${local} +${target}:${remote}`).join('[\\s\\S]*')));
	await saveOpenForwards(session, 'mine', forwards.length);
	session.press('app.quit', 'confirm.yes');
	t.is(await session.ended(), 0);
	return join(home, '.config/spoke/forwards/mine');
}

test('a saved set is started by a key, not by the next session, and stops together', async t => {
	const {kubeconfigFile} = await openSandbox(t);
	const home = await newHome(t);
	const [one, other] = [await unusedPort(), await unusedPort()];
	const file = await saveSet(t, {home, kubeconfigFile}, [
		['svc/web', one, 80],
		['sts/db', other, 7000],
	]);
	const text = await readFile(file, 'utf8');
	t.regex(
		text,
		/^#.*\n#.*`spoke --forwards SET` starts the lines that apply to its context\.\n-n default svc\/web \d+:80\n-n default sts\/db \d+:7000\n$/,
	);
	t.is((await stat(file)).mode & 0o777, 0o600);

	const second = await openSession(t, ['--kubeconfig', kubeconfigFile], {home, rows: 30});
	await second.sees(/Running/);
	second.press('view.forwards');
	await second.sees(/No forwards\. .*\n.*\n.*Saved sets for this context: mine \(2 forwards\)\./);
	second.press('forwards.open-set');
	await second.sees(/▸ mine +2 /);
	second.press('accept');
	await second.sees(/Start 2 forwards of mine in sandbox\?[\s\S]*→ svc\/web:80 in default[\s\S]*→ sts\/db:7000 in default/);
	second.press('confirm.no');
	await second.loses(/Confirm/);
	t.regex(second.text(), /No forwards\./);
	second.press('forwards.open-set', 'accept');
	await second.sees(/Start 2 forwards/);
	second.press('confirm.yes');
	await second.sees(new RegExp(`● :${one} +svc/web:80[\\s\\S]*● :${other} +sts/db:7000`));
	t.is((await fetch(`http://127.0.0.1:${one}/`)).status, 200);
	second.press('forwards.open-set');
	await second.sees(/mine +2, 2 open/);
	second.press('accept');
	await second.sees(/Stop 2 forwards of mine\?/);
	second.press('confirm.yes');
	await second.sees(/stopped 2 forwards of mine/);
	await t.throwsAsync(fetch(`http://127.0.0.1:${one}/`));
	// Starts the same rows again.
	second.type(':forward-set mine\r');
	await second.sees(/Start 2 forwards/);
	second.press('confirm.yes');
	await second.sees(/● :\d+ +svc\/web:80[\s\S]*● :\d+ +sts\/db:7000[\s\S]*Connections 2/);
	t.regex(second.text(), /5 Forwards 2/);
});

test('--forwards starts a set with the session, also in another context than it was saved in', async t => {
	const {kubeconfigFile} = await openSandbox(t);
	const home = await newHome(t);
	const [one, other] = [await unusedPort(), await unusedPort()];
	const file = await saveSet(t, {home, kubeconfigFile}, [['svc/web', one, 80]]);
	await writeFile(file, `${await readFile(file, 'utf8')}--context sandbox sts/db ${other}:7000\n`);

	const second = await openSession(t, ['--kubeconfig', kubeconfigFile, '--context', 'sandbox-ada', '--forwards', 'mine'], {home});
	await second.sees(/Started 1 forward of mine in sandbox-ada\. 1 for context sandbox is left out\./);
	await until(
		async () =>
			fetch(`http://127.0.0.1:${one}/`)
				.then(({status}) => status === 200)
				.catch(() => false),
		() => second.text(),
	);
	second.press('view.forwards');
	await second.sees(new RegExp(`● :${one} +svc/web:80`));
	t.notRegex(second.text(), /sts\/db/);
});

test('--forwards with a set that is missing, invalid or not allowed ends before the session', async t => {
	const {kubeconfigFile} = await openSandbox(t);
	const home = await newHome(t);
	const folder = join(home, '.config/spoke/forwards');
	await mkdir(folder, {recursive: true});
	await writeFile(join(folder, 'broken'), 'svc/web\n');
	for (const [args, pattern] of [
		[['--forwards', 'mine'], /no saved set of forwards named "mine" \(choose one of broken\)/],
		[['--forwards', 'broken'], /broken:1: no port is given for svc\/web/],
		[['--forwards', 'broken', '--read-only'], /--forwards is refused: --read-only is set/],
	] as const) {
		const session = await openSession(t, ['--kubeconfig', kubeconfigFile, ...args], {home});
		await session.sees(pattern);
		t.is(await session.ended(), 2);
	}
});

test('a set skips other contexts and reports exposed addresses first', async t => {
	const home = await newHome(t);
	const folder = join(home, '.config/spoke/forwards');
	await mkdir(folder, {recursive: true});
	await writeFile(join(folder, 'mixed'), `--context prod-eu -n pay svc/ledger 9000\nsvc/web 80\nsts/db :7000 --address 0.0.0.0\n`);
	await writeFile(join(folder, 'broken'), 'svc/web\n');
	const {kubeconfigFile} = await openSandbox(t);
	const session = await openSession(t, ['--kubeconfig', kubeconfigFile], {home});
	await session.sees(/web-\w+-\w+/);
	session.press('view.forwards', 'forwards.open-set');
	await session.sees(/broken +0 +broken:1: no port is given for svc\/web[\s\S]*mixed +2 of 3/);
	session.type('mixed\r');
	await session.sees(/Start 2 forwards of mixed/);
	t.regex(session.text(), /:\S+ → svc\/web:80 in default/);
	t.regex(session.text(), /a free port → sts\/db:7000 in default, on 0\.0\.0\.0/);
	t.regex(session.text(), /1 for context prod-eu is left out\./);
	t.regex(session.text(), /Anyone who can reach this machine/);
});

test('the forward form appends the forward to a set', async t => {
	const {kubeconfigFile} = await openSandbox(t);
	const home = await newHome(t);
	const env = {HOME: home};
	await writeForwardSet(env, 'mine', [forwardEntry('sts/db', ['7000'], {namespace: 'default', context: 'sandbox'})]);
	const session = await openSession(t, ['--kubeconfig', kubeconfigFile], {home});
	await session.sees(/web-\w+-\w+/);
	session.type('/web\r');
	session.press('forward');
	await session.sees(/Add to set +no +never starts automatically/);
	// Another test may use the suggested port.
	session.press('move.down', 'clear', 'move.up', 'move.up', 'value.next');
	await session.sees(/Add to set +◂ mine/);
	session.press('accept');
	await session.sees(/forwards to web-/);
	await until(
		() => readForwardSets(env)[0]?.lines.length === 2,
		() => readForwardSets(env),
	);

	const [set] = readForwardSets(env);
	t.is(set?.lines.length, 2);
	t.regex(set?.lines[1]?.target ?? '', /^pod\/web-/);
});

test('a screen reader gets the sets, their disabled reasons and each forward as a sentence', async t => {
	const {kubeconfigFile} = await openSandbox(t);
	const home = await newHome(t);
	const env = {HOME: home};
	const namespace = 'default';
	await writeForwardSet(env, 'far', [forwardEntry('svc/web', ['1:80'], {namespace, context: 'prod-eu'})]);
	await writeForwardSet(env, 'mine', [forwardEntry('sts/db', [':7000'], {namespace}), forwardEntry('svc/web', [':80'], {namespace})]);
	const session = await openSession(t, ['--kubeconfig', kubeconfigFile], {home, env: {INK_SCREEN_READER: 'true'}});
	await session.sees(/tab: Pods[\s\S]* of 8: /);
	session.press('view.forwards');
	await session.sees(/tab: Forwards[\s\S]*Saved sets for this context: mine \(2 forwards\)\./);
	session.press('forwards.open-set');
	await session.sees(/Saved forwards\s+option: \(disabled\) 1 of 2: far, 0 of 1, for prod-eu/);
	session.press('move.down', 'accept');
	await session.sees(
		/Start 2 forwards of mine in sandbox\?\s+a free port → sts\/db:7000 in default\s+a free port → svc\/web:80 in default\s+y yes, n no/,
	);
});

test('--read-only starts no set', async t => {
	const {session} = await sessionOnSandbox(t, ['--read-only']);
	await session.sees(/web-\w+-\w+/);
	session.press('view.forwards', 'forwards.open-set');
	await session.sees(/disabled, --read-only is set/);
});

test('a set is written completely, keeps comments when extended, and stays in its directory', async t => {
	const env = {HOME: await newHome(t)};
	const line = forwardEntry('svc/web', ['8080:80'], {namespace: 'shop'});
	const path = await writeForwardSet(env, 'shop', [line]);
	await writeFile(path, '# mine\nsvc/a 1 # why');
	await addToForwardSet(env, 'shop', line);
	t.is(await readFile(path, 'utf8'), '# mine\nsvc/a 1 # why\n-n shop svc/web 8080:80\n');
	for (const name of ['../x', '.hidden', 'a/b', '']) {
		await t.throwsAsync(writeForwardSet(env, name, [line]), undefined, name);
	}

	t.deepEqual(
		readForwardSets(env).map(({name}) => name),
		['shop'],
	);
});
