/** Shipped keymaps, merging and checks. */
import {readFile} from 'node:fs/promises';
import test from 'ava';
import {actionSpecs} from '../../source/actions/action-table.ts';
import {contexts} from '../../source/keymap/contexts.ts';
import {describeKeys, keyTable} from '../../source/keymap/describe-keys.ts';
import {keymapSchema} from '../../source/keymap/keymap-schema.ts';
import {loadKeymap, userKeymapPath} from '../../source/keymap/load-keymap.ts';
import {presetNames} from '../../source/keymap/keymap.ts';
import {mergeKeymaps} from '../../source/keymap/merge-keymaps.ts';
import {parseKeymap} from '../../source/keymap/parse-keymap.ts';

const noHome = {};
const keymapUrl = (name: string) => new URL(`../../keymaps/${name}`, import.meta.url);
const base = parseKeymap('default.yaml', await readFile(keymapUrl('default.yaml'), 'utf8'));

/** `context: action` whose keys all belong to an action of an inner context with the same verb, such as copy. */
const replacedOnPurpose = [
	'forwards: list.copy-name',
	'proxy: list.copy-name',
	'sandbox: list.open',
	'line: tail.down',
	'line: tail.up',
	'line: tail.more-context',
	'line: tail.open-line',
	'line: tail.copy',
];

for (const name of ['default', ...presetNames]) {
	test(`keymap ${name} loads without problems`, async t => {
		const {problems} = await loadKeymap(noHome, name);
		t.deepEqual(problems, []);
	});

	test(`keymap ${name} has no action whose keys are all used by an inner context`, async t => {
		const {keymap} = await loadKeymap(noHome, name);
		const lost = Object.keys(contexts).flatMap(context =>
			describeKeys(keymap, context)
				.filter(({keys, action, context: at}) => keys.length === 0 && (keymap.get(at)?.get(action.id)?.sequences.length ?? 0) > 0)
				.map(({action}) => `${context}: ${action.id}`),
		);
		t.deepEqual(
			lost.filter(one => !replacedOnPurpose.includes(one)),
			[],
		);
	});
}

test('the default keymap contains every action in its own context', t => {
	const bound = new Set(base.entries.map(entry => `${entry.context}/${entry.action}`));
	t.deepEqual(
		actionSpecs.filter(row => !bound.has(`${row.context}/${row.id}`)).map(row => row.id),
		[],
	);
	t.is(new Set(actionSpecs.map(row => row.id)).size, actionSpecs.length);
});

test('every action has a title, a label and an id of context and verb', t => {
	t.deepEqual(
		actionSpecs.filter(row => row.title === '' || row.label === '' || !/^[a-z]+\.[a-z\d-]+$/.test(row.id)).map(row => row.id),
		[],
	);
});

test('Ctrl keys only move, quit, suspend, redraw, save or edit text', t => {
	const allowed = /^(prompt|picker|form|terminal)\.|page|half|^app\.|^screen\.redraw$|^pane\.next$|^tail\.save$|^list\.columns$/;
	for (const {action} of base.entries.filter(entry => entry.keys.some(({text}) => text.includes('ctrl')))) {
		t.regex(action, allowed);
	}
});

test('schema.json is up to date', async t => {
	t.deepEqual(JSON.parse(await readFile(keymapUrl('schema.json'), 'utf8')), keymapSchema());
});

const cases: ReadonlyArray<readonly [title: string, text: string, problem: string | null]> = [
	['an unknown context', 'contexts:\n  pod:\n    pods.logs: L', 'user.yaml:2:3: unknown context pod (did you mean pods?)'],
	['an unknown action', 'contexts:\n  pods:\n    pods.log: L', 'user.yaml:3:5: unknown action pods.log (did you mean pods.logs?)'],
	[
		'an action of another context',
		'contexts:\n  nodes:\n    pods.logs: L',
		'user.yaml:3:5: pods.logs belongs to context pods, not to nodes',
	],
	['a global action bound further in', 'contexts:\n  tail:\n    path.why: "Q"', null],
	[
		'a key that is not a string',
		'contexts:\n  pods:\n    pods.logs: 7',
		'user.yaml:3:16: a key must be a string or a list of strings: quote it',
	],
	['an unknown key', 'contexts:\n  pods:\n    pods.logs: hyper', 'user.yaml:3:16: unknown key hyper'],
	[
		'a key that terminals send as another key',
		'contexts:\n  pods:\n    pods.logs: ctrl+i',
		'user.yaml:3:16: a terminal sends ctrl+i as tab: bind that',
	],
	['shift and a letter', 'contexts:\n  pods:\n    pods.logs: shift+l', 'user.yaml:3:16: a terminal sends shift+l as L: write that'],
	['a key that is already bound', 'contexts:\n  pods:\n    pods.logs: f', 'user.yaml:3:5: f is already bound to pods.forward in pods'],
	[
		'a sequence that starts with a bound key',
		'contexts:\n  pods:\n    pods.logs: "s x"',
		'user.yaml:3:5: s x conflicts with the sequence of pods.shell in pods',
	],
	[
		'a letter where text is typed',
		'contexts:\n  prompt:\n    prompt.clear: u',
		'user.yaml:3:19: u types text in context prompt: use a named key or ctrl',
	],
	['quit without a key', 'contexts:\n  global:\n    app.quit: []', 'user.yaml:3:5: app.quit needs a key: without it, you could not leave'],
	['an unbound action', 'contexts:\n  pods:\n    pods.logs: []', null],
	['JSON instead of YAML', '{"contexts": {"pods": {"pods.logs": ["L"]}}}', null],
	['a list at the top', '- pods', 'user.yaml:1:1: a keymap must be a mapping with `contexts`'],
	['an unknown setting', 'keys: {}', 'user.yaml:1:1: unknown setting keys: a keymap has `extends` and `contexts`'],
	['invalid YAML', 'contexts: [', 'user.yaml:1:12: Flow sequence in block collection must be sufficiently indented and end with a ]'],
	['a swap of two keys', 'contexts:\n  pods:\n    pods.logs: s\n    pods.shell: l', null],
];

for (const [title, text, problem] of cases) {
	test(`a user keymap with ${title} ${problem === null ? 'is accepted' : 'is reported with its location, and the rest is used'}`, t => {
		const {keymap, problems} = mergeKeymaps([base, parseKeymap('user.yaml', text)]);
		t.deepEqual(
			problems.map(({file, line, column, message}) => `${file}:${line}:${column}: ${message}`),
			problem === null ? [] : [problem],
		);
		t.truthy(keymap.get('global')?.get('app.quit')?.sequences.length);
		if (problem !== null) {
			t.deepEqual(keymap.get('pods')?.get('pods.logs')?.sequences, [['l']]);
		}
	});
}

test('a later layer replaces all keys of an action and keeps the order of actions', t => {
	const {keymap} = mergeKeymaps([base, parseKeymap('user.yaml', 'contexts: {list: {list.down: "n", namespace.pick: "N"}}')]);
	t.deepEqual(keymap.get('list')?.get('list.down')?.sequences, [['n']]);
	t.is([...keymap.get('list')!.keys()][0], 'list.down');
});

test('action ids of 0.1 load with a warning each, and the schema and key table omit them', async t => {
	const old = `contexts:
  rows: {view.before: "-", view.earlier: "(", view.later: ")"}
  audit: {audit.again: R}
  yaml: {yaml.again: R}
  why: {why.again: R}
  unreachable: {unreachable.again: R}
  failed: {failed.again: R}
  proxy: {proxy.again: R}
  doctor: {doctor.again: R}
  ended: {ended.again: R}
`;
	const {keymap, problems, warnings} = mergeKeymaps([base, parseKeymap('user.yaml', old)]);
	t.deepEqual(problems, []);
	t.is(warnings.length, 11);
	t.like(warnings[0], {file: 'user.yaml', line: 2, message: 'action view.before was renamed: use view.toggle-last'});
	const keyOf = (action: string) =>
		keyTable(keymap)
			.find(row => row.action === action)
			?.keys.join(' ');
	t.deepEqual(['view.toggle-last', 'view.history-back', 'view.history-forward'].map(keyOf), ['-', '(', ')']);
	for (const action of [
		'audit.refresh',
		'yaml.refresh',
		'why.retry',
		'unreachable.retry',
		'failed.retry',
		'proxy.resend',
		'doctor.rerun',
		'ended.new-shell',
	]) {
		t.is(keyOf(action), 'R', action);
	}

	t.notRegex(JSON.stringify([keyTable(keymap), keymapSchema()]), /\.again"|view\.before|view\.earlier|view\.later/);
});

test('an unknown preset in `extends` falls back to the default and is reported', async t => {
	const {problems, base: used} = await loadKeymap({XDG_CONFIG_HOME: new URL('fixtures', import.meta.url).pathname});
	t.is(used, 'default');
	t.regex(problems[0]!.message, /unknown keymap vimm \(did you mean vim\?\)/);
	t.is(problems[0]!.line, 1);
});

test('a relative XDG_CONFIG_HOME is ignored', t => {
	t.is(userKeymapPath({XDG_CONFIG_HOME: '', HOME: '/home/ada'}), '/home/ada/.config/spoke/keymap.yaml');
	t.is(userKeymapPath({XDG_CONFIG_HOME: 'here', HOME: '/home/ada'}), '/home/ada/.config/spoke/keymap.yaml');
	t.is(userKeymapPath({XDG_CONFIG_HOME: '/etc/ada', HOME: '/home/ada'}), '/etc/ada/spoke/keymap.yaml');
	t.is(userKeymapPath({}), null);
});
