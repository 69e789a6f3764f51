/** The YAML screen. */
import {readFile, stat, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import type {KubernetesObject} from '@kubernetes/client-node';
import test, {type ExecutionContext} from 'ava';
import {loadKeymap} from '../../../source/keymap/load-keymap.ts';
import {yamlLines} from '../../../source/session/text/yaml-lines.ts';
import type {Json, JsonObject} from '../../../source/wire/json.ts';
import {ask, askJson} from '../../support/sandbox-client.ts';
import {newHome, onSandbox} from '../../support/sandbox-session.ts';

const db = '/api/v1/namespaces/default/pods/db-0';

/** After a change of the pod's `metadata`. */
async function onDb(t: ExecutionContext, metadata: object = {}, options: Parameters<typeof onSandbox>[2] = {}) {
	const opened = await onSandbox(t, [], options);
	const change = async (to: object) =>
		ask(opened.sandbox, db, {method: 'PATCH', headers: {'content-type': 'application/merge-patch+json'}, body: {metadata: to}});
	await opened.terminal.sees(/db-0 +1\/1 +Running/);
	await change(metadata);
	opened.terminal.type('/db-0\r');
	await opened.terminal.sees(/▸ db-0/);
	return {...opened, change};
}

const managedFields = [{manager: 'kubectl', operation: 'Update', apiVersion: 'v1', fieldsType: 'FieldsV1', fieldsV1: {'f:metadata': {}}}];
const hostile = 'a\u202Eb\u001B[31mc';

test('the YAML of the selected pod equals the object as kubectl prints it', async t => {
	const {terminal, sandbox, home} = await onDb(t, {
		managedFields,
		annotations: {hostile: 'a\u202Eb', script: 'set -e\nrun "$@"\n', colored: hostile},
	});
	terminal.press('list.yaml');
	await terminal.sees(
		/YAML├ pod\/db-0 ─+ managedFields omitted · \d+ below ─\n apiVersion: v1\n kind: Pod\n metadata:\n {3}annotations:\n/,
	);
	await terminal.sees(/hostile: a<U\+202E>b/);
	await terminal.sees(/colored: "a<U\+202E>b\\e\[31mc"/);
	t.notRegex(terminal.raw(), /\u202E/);
	terminal.press('save');
	await terminal.sees(/save to ~\/pod-db-0-\S+\.yaml▏/);
	terminal.press('clear');
	terminal.type('~/db.yaml\r');
	await terminal.sees(/saved ~\/db\.yaml, \d+ lines/);
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
	const {terminal} = await onDb(t);
	terminal.press('list.yaml');
	await terminal.sees(/YAML├ pod\/db-0[\s\S]*kind: Pod/);
	terminal.press('search.next');
	await terminal.sees(/no active search/);
	terminal.press('search');
	terminal.type('ready');
	await terminal.sees(/\/ready▏ +\d+ matches/);
	await terminal.sees(/match 1 of [3-9] · \d+ above/);
	terminal.press('accept', 'search.next');
	await terminal.sees(/match 2 of /);
	terminal.press('search.previous', 'search.previous');
	await terminal.sees(/match ([3-9]) of \1 /);
	terminal.press('view.back');
	await terminal.sees(/YAML├ pod\/db-0 ─+ \d+ above/);
	terminal.press('view.back');
	await terminal.sees(/▸ db-0 +1\/1/);
});

test('long YAML lines wrap or scroll, and the next text keeps the choice', async t => {
	const {terminal} = await onDb(t, {annotations: {aaa: `${'x'.repeat(80)}-end`}}, {columns: 80});
	terminal.press('list.yaml');
	await terminal.sees(/aaa: x{60,}\n +x+-end\n/);
	terminal.press('wrap');
	await terminal.sees(/aaa: x{60,}…\n/);
	terminal.press('move.right');
	await terminal.sees(/\n x+-end\n/);
	terminal.press('move.left');
	await terminal.sees(/aaa: x{60,}…\n/);
	terminal.press('view.back', 'list.yaml');
	await terminal.sees(/YAML├[\s\S]*aaa: x{60,}…\n/);
	terminal.press('wrap');
	await terminal.sees(/\n +x+-end\n/);
	terminal.press('help.open');
	await terminal.sees(/W +wrap long lines/);
	terminal.press('wrap');
	await terminal.sees(/YAML├[\s\S]*\n +x+-end\n/);
});

test('refresh reports whether the YAML changed and keeps a deleted object', async t => {
	const {terminal, change, sandbox} = await onDb(t);
	terminal.press('list.yaml');
	await terminal.sees(/kind: Pod/);
	terminal.press('refresh');
	await terminal.sees(/refreshed: no changes/);
	await change({labels: {fresh: 'label'}});
	terminal.press('refresh');
	await terminal.sees(/ {5}fresh: label[\s\S]* refreshed$/m);
	await ask(sandbox, '/apis/apps/v1/namespaces/default/statefulsets/db', {method: 'DELETE'});
	await ask(sandbox, `${db}?gracePeriodSeconds=0`, {method: 'DELETE'});
	await terminal.sees(/fresh: label/);
	terminal.press('refresh');
	await terminal.sees(/refresh failed at \d\d:\d\d:\d\d[\s\S]*fresh: label[\s\S]*pods "db-0" not found in namespace "default"/);
});

test('services, workloads, nodes and namespaces show YAML when selected or named', async t => {
	const {terminal} = await onSandbox(t);
	await terminal.sees(/db-0 +1\/1 +Running/);
	for (const [view, row, kind] of [
		['view.workloads', /▸ deploy\/\w/, 'Deployment'],
		['view.services', /▸ db +ClusterIP/, 'Service'],
		['view.nodes', /▸ cp +Ready/, 'Node'],
	] as const) {
		terminal.press(view);
		await terminal.sees(row);
		terminal.press('list.yaml');
		await terminal.sees(new RegExp(`YAML├ [\\s\\S]*kind: ${kind}`));
		terminal.press('view.back');
		await terminal.sees(row);
	}

	for (const [target, seen] of [
		['sts/db', /apiVersion: apps\/v1\n kind: StatefulSet/],
		['ns/default', /kind: Namespace\n metadata:/],
		['db-0', /kind: Pod/],
	] as const) {
		terminal.type(`:yaml ${target}\r`);
		await terminal.sees(seen);
		terminal.press('view.back');
		await terminal.loses(/YAML├/);
	}

	terminal.type(':yaml secret/tokens\r');
	await terminal.sees(/no YAML view of secret: only of pods/);
	terminal.press('view.forwards');
	terminal.type(':yaml\r');
	await terminal.sees(/no object is selected: type :yaml pod\/NAME/);
});

test('a refusal fills the text, names the missing verb, and opens why', async t => {
	const {terminal} = await onSandbox(t, [], {user: 'bob'});
	await terminal.sees(/db-0 +1\/1 +Running/);
	terminal.type(':yaml node/n1\r');
	await terminal.sees(
		/YAML├ node\/n1 ─[\s\S]*cannot get resource "nodes"[\s\S]*fix +request permission; check with `kubectl auth can-i get nodes/,
	);
	terminal.press('why');
	await terminal.sees(/Why├ YAML of node\/n1[\s\S]*Refused by the apiserver/);
	terminal.press('view.back', 'view.back');
	terminal.type(':yaml pod/nobody\r');
	await terminal.sees(/YAML├ pod\/nobody ─[\s\S]*pods "nobody" not found in namespace "default"/);
});

test('$PAGER gets the whole YAML', async t => {
	const folder = await newHome(t);
	const pager = join(folder, 'pager');
	await writeFile(
		pager,
		`#!/bin/sh\nfor file; do :; done\necho "$file" > ${folder}/name\nhead -2 "$file" > ${folder}/head\necho the pager has it\nread answer\n`,
		{mode: 0o755},
	);
	const {terminal} = await onDb(t, {}, {env: {PAGER: pager}});
	terminal.press('list.yaml');
	await terminal.sees(/kind: Pod/);
	terminal.press('pager');
	await terminal.sees(/the pager has it/);
	terminal.type('\r');
	await terminal.sees(/YAML├ pod\/db-0/);
	t.is(await readFile(join(folder, 'head'), 'utf8'), 'apiVersion: v1\nkind: Pod\n');
	t.regex(await readFile(join(folder, 'name'), 'utf8'), /\/text\.yaml\n$/);
});

for (const name of ['vim', 'k9s']) {
	test(`keymap ${name} has a YAML key and the usual copy key`, async t => {
		const {keymap} = await loadKeymap({}, name);
		const {terminal} = await onSandbox(t, ['--keymap', name], {keymap});
		await terminal.sees(/db-0 +1\/1 +Running/);
		terminal.press('list/copy');
		await terminal.sees(/copied /);
		terminal.press('list.yaml');
		await terminal.sees(/YAML├ pod\/[\s\S]*kind: Pod/);
		terminal.press('details/copy');
		await terminal.sees(/copied the text/);
	});
}
