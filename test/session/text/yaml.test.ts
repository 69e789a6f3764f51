/** The YAML screen. */
import {readFile, stat} from 'node:fs/promises';
import {join} from 'node:path';
import type {KubernetesObject} from '@kubernetes/client-node';
import test, {type ExecutionContext} from 'ava';
import {loadKeymap} from '../../../source/session/keymap/load-keymap.ts';
import {yamlLines} from '../../../source/session/text/yaml-lines.ts';
import type {Json, JsonObject} from '../../../source/wire/json.ts';
import {sessionOnOwnSandbox, sessionOnSandbox} from '../../support/open-session.ts';
import {ask, askJson} from '../../support/sandbox-client.ts';

const db = '/api/v1/namespaces/default/pods/db-0';

/** After a change of the pod's `metadata`. */
async function onDb(t: ExecutionContext, metadata: object = {}, options: Parameters<typeof sessionOnOwnSandbox>[2] = {}) {
	const opened = await sessionOnOwnSandbox(t, [], options);
	const change = async (to: object) =>
		ask(opened.sandbox, db, {method: 'PATCH', headers: {'content-type': 'application/merge-patch+json'}, body: {metadata: to}});
	await opened.session.sees(/db-0 +1\/1 +Running/);
	await change(metadata);
	opened.session.type('/db-0\r');
	await opened.session.sees(/▸ db-0/);
	return {...opened, change};
}

const managedFields = [{manager: 'kubectl', operation: 'Update', apiVersion: 'v1', fieldsType: 'FieldsV1', fieldsV1: {'f:metadata': {}}}];
const hostile = 'a\u202Eb\u001B[31mc';

test('the YAML of the selected pod equals the object as kubectl prints it', async t => {
	const {session, sandbox, home} = await onDb(t, {
		managedFields,
		annotations: {hostile: 'a\u202Eb', script: 'set -e\nrun "$@"\n', colored: hostile},
	});
	session.press('list.yaml');
	await session.sees(/YAML├ pod\/db-0 ─+ managedFields omitted · \d+ below ─\n apiVersion: v1\n kind: Pod\n metadata:\n {3}annotations:\n/);
	await session.sees(/hostile: a<U\+202E>b/);
	await session.sees(/colored: "a<U\+202E>b\\e\[31mc"/);
	t.notRegex(session.raw(), /\u202E/);
	session.press('save');
	await session.sees(/save to ~\/pod-db-0-\S+\.yaml▏/);
	session.press('clear');
	session.type('~/db.yaml\r');
	await session.sees(/saved ~\/db\.yaml, \d+ lines/);
	const saved = await readFile(join(home, 'db.yaml'), 'utf8');
	t.is((await stat(join(home, 'db.yaml'))).mode & 0o777, 0o600);
	t.notRegex(saved, /managedFields|\u202E|\u001B/);
	const {
		metadata: {managedFields: _left, ...metadata},
		...object
	} = await askJson<Json<KubernetesObject> & {metadata: JsonObject}>(sandbox, db);
	t.is(
		saved.replaceAll('<U+202E>', '\u202E'),
		yamlLines({...object, metadata})
			.map(({text}) => `${text}\n`)
			.join(''),
	);
});

test('a YAML search keeps all lines, and the first step back ends the search', async t => {
	const {session} = await onDb(t);
	session.press('list.yaml');
	await session.sees(/YAML├ pod\/db-0[\s\S]*kind: Pod/);
	session.press('search.next');
	await session.sees(/no active search/);
	session.press('search');
	session.type('ready');
	await session.sees(/\/ready▏ +\d+ matches/);
	await session.sees(/match 1 of [3-9] · \d+ above/);
	session.press('accept', 'search.next');
	await session.sees(/match 2 of /);
	session.press('search.previous', 'search.previous');
	await session.sees(/match ([3-9]) of \1 /);
	session.press('view.back');
	await session.sees(/YAML├ pod\/db-0 ─+ \d+ above/);
	session.press('view.back');
	await session.sees(/▸ db-0 +1\/1/);
});

test('long YAML lines wrap or scroll, and the next text keeps the choice', async t => {
	const {session} = await onDb(t, {annotations: {aaa: `${'x'.repeat(80)}-end`}}, {columns: 80});
	session.press('list.yaml');
	await session.sees(/aaa: x{60,}\n +x+-end\n/);
	session.press('wrap');
	await session.sees(/aaa: x{60,}…\n/);
	session.press('move.right');
	await session.sees(/\n x+-end\n/);
	session.press('move.left');
	await session.sees(/aaa: x{60,}…\n/);
	session.press('view.back', 'list.yaml');
	await session.sees(/YAML├[\s\S]*aaa: x{60,}…\n/);
	session.press('wrap');
	await session.sees(/\n +x+-end\n/);
	session.press('help.open');
	await session.sees(/W +wrap long lines/);
	session.press('wrap');
	await session.sees(/YAML├[\s\S]*\n +x+-end\n/);
});

test('refresh reports whether the YAML changed and keeps a deleted object', async t => {
	const {session, change, sandbox} = await onDb(t);
	session.press('list.yaml');
	await session.sees(/kind: Pod/);
	session.press('refresh');
	await session.sees(/refreshed: no changes/);
	await change({labels: {fresh: 'label'}});
	session.press('refresh');
	await session.sees(/ {5}fresh: label[\s\S]* refreshed$/m);
	await ask(sandbox, '/apis/apps/v1/namespaces/default/statefulsets/db', {method: 'DELETE'});
	await ask(sandbox, `${db}?gracePeriodSeconds=0`, {method: 'DELETE'});
	await session.sees(/fresh: label/);
	session.press('refresh');
	await session.sees(/refresh failed at \d\d:\d\d:\d\d[\s\S]*fresh: label[\s\S]*pods "db-0" not found in namespace "default"/);
});

test('services, workloads, nodes and namespaces show YAML when selected or named', async t => {
	const {session} = await sessionOnSandbox(t);
	await session.sees(/db-0 +1\/1 +Running/);
	for (const [view, row, kind] of [
		['view.workloads', /▸ deploy\/\w/, 'Deployment'],
		['view.services', /▸ db +ClusterIP/, 'Service'],
		['view.nodes', /▸ cp +Ready/, 'Node'],
	] as const) {
		session.press(view);
		await session.sees(row);
		session.press('list.yaml');
		await session.sees(new RegExp(`YAML├ [\\s\\S]*kind: ${kind}`));
		session.press('view.back');
		await session.sees(row);
	}

	for (const [target, seen] of [
		['sts/db', /apiVersion: apps\/v1\n kind: StatefulSet/],
		['ns/default', /kind: Namespace\n metadata:/],
		['db-0', /kind: Pod/],
	] as const) {
		session.type(`:yaml ${target}\r`);
		await session.sees(seen);
		session.press('view.back');
		await session.loses(/YAML├/);
	}

	session.type(':yaml secret/tokens\r');
	await session.sees(/no YAML view of secret: only of pods/);
	session.press('view.forwards');
	session.type(':yaml\r');
	await session.sees(/no object is selected: type :yaml pod\/NAME/);
});

test('a refusal fills the text, names the missing verb, and opens why', async t => {
	const {session} = await sessionOnSandbox(t, [], {user: 'bob'});
	await session.sees(/db-0 +1\/1 +Running/);
	session.type(':yaml node/n1\r');
	await session.sees(
		/YAML├ node\/n1 ─[\s\S]*cannot get resource "nodes"[\s\S]*fix +request permission; check with `kubectl auth can-i get nodes/,
	);
	session.press('why');
	await session.sees(/Why├ YAML of node\/n1[\s\S]*Refused by the apiserver/);
	session.press('view.back', 'view.back');
	session.type(':yaml pod/nobody\r');
	await session.sees(/YAML├ pod\/nobody ─[\s\S]*pods "nobody" not found in namespace "default"/);
});

for (const name of ['vim', 'k9s']) {
	test(`keymap ${name} has a YAML key and the usual copy key`, async t => {
		const {keymap} = await loadKeymap({}, name);
		const {session} = await sessionOnSandbox(t, ['--keymap', name], {keymap});
		await session.sees(/db-0 +1\/1 +Running/);
		session.press('list/copy');
		await session.sees(/copied /);
		session.press('list.yaml');
		await session.sees(/YAML├ pod\/[\s\S]*kind: Pod/);
		session.press('details/copy');
		await session.sees(/copied the text/);
	});
}
