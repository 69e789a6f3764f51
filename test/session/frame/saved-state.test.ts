/** What a session remembers. */
import {mkdir, readdir, readFile, stat, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {clusterState} from '../../../source/session/clusters/open-clusters.ts';
import {formatNamespaces, parseNamespaces, SavedStateFile} from '../../../source/session/frame/saved-state.ts';
import {emptySession} from '../../../source/session/frame/session-state.ts';
import {newHome} from '../../support/new-home.ts';
import {openSession, sessionOnSandbox} from '../../support/open-session.ts';

const size = {columns: 100, rows: 30};
const namespaces = new Map([['prod', {kubeconfig: 'default', last: ['payments', null]}]]);

const pathIn = (home: string) => join(home, '.local/state/spoke/session.json');

async function fileIn(t: ExecutionContext, text?: string) {
	const home = await newHome(t, {isNew: true});
	const path = pathIn(home);
	if (text !== undefined) {
		await mkdir(join(path, '..'), {recursive: true});
		await writeFile(path, text);
	}

	const file = new SavedStateFile({env: {HOME: home}, shouldRememberNamespaces: true});
	const problem = await file.load();
	return {file, path, problem, home};
}

/** In the namespace of a context. */
function stateIn(context: string, namespace: string | null) {
	return emptySession({...clusterState(null), context, namespace}, size, 0);
}

test('saved namespaces are read as they were written', t => {
	t.deepEqual(parseNamespaces(formatNamespaces(namespaces)), namespaces);
});

for (const [title, text, message] of [
	['no JSON', 'view: pods', /JSON/],
	['another version', formatNamespaces(new Map()).replace('"version": 1', '"version": 2'), /version is not 1/],
	['an invalid namespace', formatNamespaces(namespaces).replace('payments', '../x'), /namespaces/],
	['a large file', ' '.repeat(70_000), /larger than 64 KiB/],
] as const) {
	test(`${title} is ignored with one message and left alone`, async t => {
		const {file, path, problem} = await fileIn(t, text);
		t.regex(problem!, message);
		t.deepEqual(file.recentNamespaces('prod'), []);
		file.keep(stateIn('prod', 'payments'), {context: 'prod', namespace: 'default'});
		await file.flush();
		t.is(await readFile(path, 'utf8'), text);
	});
}

test('a change is written to a private file, and contexts of other sessions are kept', async t => {
	const {file, path} = await fileIn(t);
	await mkdir(join(path, '..'), {recursive: true});
	await writeFile(path, formatNamespaces(new Map([['dev', {kubeconfig: 'default', last: ['web']}]])));
	file.keep(stateIn('prod', 'payments'), {context: 'prod', namespace: 'default'});
	file.keep(stateIn('prod', null), {context: 'prod', namespace: 'default'});
	await file.flush();
	t.deepEqual(
		parseNamespaces(await readFile(path, 'utf8')),
		new Map([
			['dev', {kubeconfig: 'default', last: ['web']}],
			['prod', {kubeconfig: 'default', last: [null, 'payments']}],
		]),
	);
	t.is((await stat(path)).mode & 0o777, 0o600);
	t.deepEqual(await readdir(join(path, '..')), ['session.json']);
});

test('a change within the write interval is written at the end', async t => {
	const {file, path} = await fileIn(t);
	const of = {context: 'prod', namespace: 'default'};
	file.keep(stateIn('prod', 'a'), of, 0);
	file.keep(stateIn('prod', 'b'), of, 1000);
	await file.flush();
	t.regex(await readFile(path, 'utf8'), /"b"/);
});

test('a remembered namespace is used until the kubeconfig names another one', async t => {
	const {file} = await fileIn(t, formatNamespaces(namespaces));
	t.is(file.namespaceOf({context: 'prod', namespace: 'default'}), 'payments');
	t.is(file.namespaceOf({context: 'prod', namespace: 'web'}), undefined);
	t.is(file.namespaceOf({context: 'dev', namespace: 'default'}), undefined);
	t.is(file.namespaceOf({context: null, namespace: 'default'}), undefined);
});

test('the next session begins with the pods of the last namespace, unless -n names one', async t => {
	const {session, home, kubeconfigFile} = await sessionOnSandbox(t, [], size);
	await session.sees(/toolbox-/);
	session.type(':ns kube-system\r');
	await session.sees(/› kube-system/);
	session.press('view.services');
	await session.sees(/┤3 Services/);
	session.press('app.quit');
	t.is(await session.ended(), 0);
	const next = await openSession(t, ['--kubeconfig', kubeconfigFile], {home, ...size});
	await next.sees(/› kube-system[^]*┤1 Pods/);
	next.press('app.quit');
	t.is(await next.ended(), 0);
	const named = await openSession(t, ['--kubeconfig', kubeconfigFile, '-n', 'default'], {home, ...size});
	await named.sees(/› default[^]*┤1 Pods/);
});

test('a file that is not valid does not stop the session', async t => {
	const home = await newHome(t, {isNew: true});
	await mkdir(join(pathIn(home), '..'), {recursive: true});
	await writeFile(pathIn(home), '{');
	const {session} = await sessionOnSandbox(t, [], {...size, home});
	await session.sees(/ignored .*session\.json/);
});
