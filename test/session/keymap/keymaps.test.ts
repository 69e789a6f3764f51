/** Shipped keymaps, merging and checks. */
import {readFile} from 'node:fs/promises';
import test from 'ava';
import {actionSpecs} from '../../../source/session/actions/action-table.ts';
import {contexts} from '../../../source/session/actions/contexts.ts';
import {describeKeys, presetNames, keymapSchema} from '../../../source/session/keymap/keymap.ts';
import {loadKeymap, userKeymapPath, mergeKeymaps} from '../../../source/session/keymap/load-keymap.ts';
import {parseKeymap} from '../../../source/session/keymap/parse-keymap.ts';

const noHome = {};

const keymapUrl = (name: string) => new URL(`../../../keymaps/${name}`, import.meta.url);
const base = parseKeymap('default.yaml', await readFile(keymapUrl('default.yaml'), 'utf8'));

/** `context: action` whose keys all belong to an action of an inner context with the same verb, such as copy. */
const replacedOnPurpose = ['sandbox: open', 'line: tail.more-context', 'line: open'];

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
		actionSpecs.map(({context, id}) => `${context}/${id}`).filter(one => !bound.has(one)),
		[],
	);
	t.is(new Set(actionSpecs.map(({context, id}) => `${context}/${id}`)).size, actionSpecs.length);
});

test('every action has a title, a label and an id of a verb, or of group and verb', t => {
	t.deepEqual(
		actionSpecs.filter(row => row.title === '' || row.label === '' || !/^[a-z]+(?:\.[a-z\d-]+)?$/.test(row.id)).map(row => row.id),
		[],
	);
});

test('Ctrl keys only move, quit, suspend, redraw, save or edit text', t => {
	const allowed = /^(prompt|picker|form|terminal)\/|page|half|\/app\.|\/screen\.redraw$|\/pane\.next$|\/save$|\/list\.columns$/;
	for (const {context, action} of base.entries.filter(entry => entry.keys.some(({text}) => text.includes('ctrl')))) {
		t.regex(`${context}/${action}`, allowed);
	}
});

test('schema.json is up to date', async t => {
	t.deepEqual(JSON.parse(await readFile(keymapUrl('schema.json'), 'utf8')), keymapSchema());
});

const cases: ReadonlyArray<readonly [title: string, text: string, problem: string | null]> = [
	['an unknown context', 'contexts:\n  pod:\n    logs: L', 'user.yaml:2:3: unknown context pod (did you mean pods?)'],
	['an unknown action', 'contexts:\n  pods:\n    log: L', 'user.yaml:3:5: unknown action log (did you mean logs?)'],
	[
		'an action of another context',
		'contexts:\n  nodes:\n    logs: L',
		'user.yaml:3:5: logs belongs to contexts pods, workloads, services, not to nodes',
	],
	['a global action bound further in', 'contexts:\n  tail:\n    why: "Q"', null],
	[
		'a key that is not a string',
		'contexts:\n  pods:\n    logs: 7',
		'user.yaml:3:11: a key must be a string or a list of strings: quote it',
	],
	['an unknown key', 'contexts:\n  pods:\n    logs: hyper', 'user.yaml:3:11: unknown key hyper'],
	[
		'a key that terminals send as another key',
		'contexts:\n  pods:\n    logs: ctrl+i',
		'user.yaml:3:11: a terminal sends ctrl+i as tab: bind that',
	],
	['shift and a letter', 'contexts:\n  pods:\n    logs: shift+l', 'user.yaml:3:11: a terminal sends shift+l as L: write that'],
	['a key that is already bound', 'contexts:\n  pods:\n    logs: f', 'user.yaml:3:5: f is already bound to forward in pods'],
	[
		'a sequence that starts with a bound key',
		'contexts:\n  pods:\n    logs: "s x"',
		'user.yaml:3:5: s x conflicts with the sequence of shell in pods',
	],
	[
		'a letter where text is typed',
		'contexts:\n  prompt:\n    clear: u',
		'user.yaml:3:12: u types text in context prompt: use a named key or ctrl',
	],
	['quit without a key', 'contexts:\n  global:\n    app.quit: []', 'user.yaml:3:5: app.quit needs a key: without it, you could not leave'],
	['an unbound action', 'contexts:\n  pods:\n    logs: []', null],
	['JSON instead of YAML', '{"contexts": {"pods": {"logs": ["L"]}}}', null],
	['a list at the top', '- pods', 'user.yaml:1:1: a keymap must be a mapping with `contexts`'],
	['an unknown setting', 'keys: {}', 'user.yaml:1:1: unknown setting keys: a keymap has `extends` and `contexts`'],
	['invalid YAML', 'contexts: [', 'user.yaml:1:12: Flow sequence in block collection must be sufficiently indented and end with a ]'],
	['a swap of two keys', 'contexts:\n  pods:\n    logs: s\n    shell: l', null],
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
			t.deepEqual(keymap.get('pods')?.get('logs')?.sequences, [['l']]);
		}
	});
}

test('a later layer replaces all keys of an action and keeps the order of actions', t => {
	const {keymap} = mergeKeymaps([base, parseKeymap('user.yaml', 'contexts: {list: {move.down: "n", namespace.pick: "N"}}')]);
	t.deepEqual(keymap.get('list')?.get('move.down')?.sequences, [['n']]);
	t.is([...keymap.get('list')!.keys()][0], 'move.down');
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
