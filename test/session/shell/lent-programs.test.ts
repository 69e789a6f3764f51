/** The pager and the editor, to which the built program lends its terminal. */
import {existsSync} from 'node:fs';
import {readFile, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import test from 'ava';
import {newHome} from '../../support/new-home.ts';
import {onSandbox} from '../../support/sandbox-session.ts';
import {until} from '../../support/until.ts';

test('$PAGER gets the lines and the terminal, and returns the terminal', async t => {
	const folder = await newHome(t);
	const pager = join(folder, 'pager');
	await writeFile(
		pager,
		`#!/bin/sh\nfor file; do :; done\ngrep -c msg "$file" > ${folder}/counted\necho the pager has it\nread answer\necho "$answer" > ${folder}/answered\n`,
		{mode: 0o755},
	);
	const {terminal} = await onSandbox(t, ['tail', 'deploy/api'], {env: {PAGER: pager}});
	await terminal.sees(/request served/);
	terminal.press('pager');
	await terminal.sees(/the pager has it/);
	t.is(terminal.buffer(), 'normal');
	terminal.type('jjj\r');
	await terminal.sees(/Tail deploy\/api/);
	t.true(Number(await readFile(join(folder, 'counted'), 'utf8')) > 0);
	t.is(await readFile(join(folder, 'answered'), 'utf8'), 'jjj\n');
	terminal.press('tail.pause');
	await terminal.sees(/paused · /);
});

test('a killed pager is not reported as failed to start', async t => {
	const folder = await newHome(t);
	const pager = join(folder, 'pager');
	await writeFile(pager, `#!/bin/sh\ntouch ${folder}/started\nkill -9 $$\n`, {mode: 0o755});
	const {terminal} = await onSandbox(t, ['tail', 'deploy/api'], {env: {PAGER: pager}});
	await terminal.sees(/request served/);
	terminal.press('pager');
	await until(() => existsSync(join(folder, 'started')), terminal.text);

	await terminal.sees(/Tail deploy\/api/);
	terminal.press('tail.pause');
	await terminal.sees(/paused · /);
	t.notRegex(terminal.raw(), /could not start/);
});

test('$EDITOR opens at the selected line, and the screen is complete afterwards', async t => {
	const folder = await newHome(t);
	const editor = join(folder, 'nano');
	await writeFile(
		editor,
		`#!/bin/sh\necho "$1" > ${folder}/line\nprintf '\\033[?1049h\\033[2J\\033[31;5r\\033[?25hthe editor has it'\nread answer\nprintf '\\033[2J\\033[r\\033[?1049l'\n`,
		{mode: 0o755},
	);
	const {terminal} = await onSandbox(t, ['tail', 'deploy/api'], {env: {EDITOR: editor, VISUAL: ''}});
	await terminal.sees(/ error upstream/);
	terminal.press('tail.previous-error');
	await terminal.sees(/not following · /);
	// Names appear with the second pod.
	await terminal.sees(/^▸\S+ \w{5} error/m);
	const before = terminal.screen();
	terminal.press('editor');
	await terminal.sees(/the editor has it/);
	terminal.type('\r');
	await terminal.sees(/Tail deploy\/api/);
	// A late line of the other pod may appear above it.
	const underCursor = (rows: readonly string[]) => rows.find(row => row.startsWith('▸'));
	t.truthy(underCursor(before));
	t.is(underCursor(terminal.screen()), underCursor(before));
	t.is(terminal.buffer(), 'alternate');
	t.regex(await readFile(join(folder, 'line'), 'utf8'), /^\+\d+\n$/);
	t.regex(terminal.screen().at(-1)!, /\/ search/);
	terminal.press('move.end');
	await terminal.sees(/─ following · /);
});

test('$PAGER gets the whole YAML', async t => {
	const folder = await newHome(t);
	const pager = join(folder, 'pager');
	await writeFile(
		pager,
		`#!/bin/sh\nfor file; do :; done\necho "$file" > ${folder}/name\nhead -2 "$file" > ${folder}/head\necho the pager has it\nread answer\n`,
		{mode: 0o755},
	);
	const {terminal} = await onSandbox(t, [], {env: {PAGER: pager}});
	await terminal.sees(/db-0/);
	terminal.type(':yaml pod/db-0\r');
	await terminal.sees(/kind: Pod/);
	terminal.press('pager');
	await terminal.sees(/the pager has it/);
	terminal.type('\r');
	await terminal.sees(/YAML├ pod\/db-0/);
	t.is(await readFile(join(folder, 'head'), 'utf8'), 'apiVersion: v1\nkind: Pod\n');
	t.regex(await readFile(join(folder, 'name'), 'utf8'), /\/text\.yaml\n$/);
});
