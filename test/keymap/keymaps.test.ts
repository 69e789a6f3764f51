/** The keymaps that are shipped, and the rules of merging and checking. */
import {readFile} from 'node:fs/promises';
import test from 'ava';
import {actionSpecs} from '../../source/actions/action-table.ts';
import {contexts} from '../../source/keymap/contexts.ts';
import {describeKeys} from '../../source/keymap/describe-keys.ts';
import {keymapSchema} from '../../source/keymap/keymap-schema.ts';
import {loadKeymap, userKeymapPath} from '../../source/keymap/load-keymap.ts';
import {presetNames} from '../../source/keymap/preset-names.ts';
import {mergeKeymaps} from '../../source/keymap/merge-keymaps.ts';
import {parseKeymap} from '../../source/keymap/parse-keymap.ts';

const noHome = {};
const inKeymaps = (name: string) => new URL(`../../keymaps/${name}`, import.meta.url);
const base = parseKeymap('default.yaml', await readFile(inKeymaps('default.yaml'), 'utf8'));

/** The same verb one level down: copying a forward copies its address, and an opened line takes the keys of its fields. */
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
	test(`keymap ${name} loads without a problem`, async t => {
		const {problems} = await loadKeymap(noHome, name);
		t.deepEqual(problems, []);
	});

	test(`in keymap ${name} no action is lost because a context below takes its keys`, async t => {
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

test('every action is bound in the default, or is [] there on purpose, in its own context', t => {
	const bound = new Set(base.entries.map(entry => `${entry.context}/${entry.action}`));
	t.deepEqual(
		actionSpecs.filter(row => !bound.has(`${row.context}/${row.id}`)).map(row => row.id),
		[],
	);
	t.is(new Set(actionSpecs.map(row => row.id)).size, actionSpecs.length);
});

test('every action has a title and an id of context and verb', t => {
	t.deepEqual(
		actionSpecs.filter(row => row.title === '' || row.label === '' || !/^[a-z]+\.[a-z\d-]+$/.test(row.id)).map(row => row.id),
		[],
	);
});

test('no key of a Ctrl kind does more than move, quit, suspend, redraw, save or edit typed text', t => {
	const allowed = /^(prompt|picker|form|terminal)\.|page|half|^app\.|^screen\.redraw$|^pane\.next$|^tail\.save$|^list\.columns$/;
	for (const {action} of base.entries.filter(entry => entry.keys.some(({text}) => text.includes('ctrl')))) {
		t.regex(action, allowed);
	}
});

test('schema.json is what the actions say', async t => {
	t.deepEqual(JSON.parse(await readFile(inKeymaps('schema.json'), 'utf8')), keymapSchema());
});

const cases: ReadonlyArray<readonly [title: string, text: string, problem: string | null]> = [
	['an unknown context', 'contexts:\n  pod:\n    pods.logs: L', 'user.yaml:2:3: no context is called pod (did you mean pods?)'],
	['an unknown action', 'contexts:\n  pods:\n    pods.log: L', 'user.yaml:3:5: no action is called pods.log (did you mean pods.logs?)'],
	[
		'an action of another context',
		'contexts:\n  nodes:\n    pods.logs: L',
		'user.yaml:3:5: pods.logs belongs to context pods, not to nodes',
	],
	['a global action bound further in', 'contexts:\n  tail:\n    path.why: "Q"', null],
	['a key that is no text', 'contexts:\n  pods:\n    pods.logs: 7', 'user.yaml:3:16: a key is text, or a list of texts: quote it'],
	['an unknown key', 'contexts:\n  pods:\n    pods.logs: hyper', 'user.yaml:3:16: no key is called hyper'],
	[
		'a key that is another one in terminals',
		'contexts:\n  pods:\n    pods.logs: ctrl+i',
		'user.yaml:3:16: a terminal sends ctrl+i as tab: bind that',
	],
	['shift and a letter', 'contexts:\n  pods:\n    pods.logs: shift+l', 'user.yaml:3:16: a terminal sends shift+l as L: write that'],
	['a key that is taken here', 'contexts:\n  pods:\n    pods.logs: f', 'user.yaml:3:5: f is also pods.forward in pods'],
	[
		'a key that begins a sequence',
		'contexts:\n  pods:\n    pods.logs: "s x"',
		'user.yaml:3:5: s x clashes with the sequence of pods.shell in pods',
	],
	[
		'a letter where text is typed',
		'contexts:\n  prompt:\n    prompt.clear: u',
		'user.yaml:3:19: u is text in a typed line: use a named key or ctrl',
	],
	['quit without a key', 'contexts:\n  global:\n    app.quit: []', 'user.yaml:3:5: app.quit needs a key: without it there is no way out'],
	['an unbound action', 'contexts:\n  pods:\n    pods.logs: []', null],
	['JSON in place of YAML', '{"contexts": {"pods": {"pods.logs": ["L"]}}}', null],
	['a list at the top', '- pods', 'user.yaml:1:1: a keymap is a mapping with `contexts`'],
	['an unknown setting', 'keys: {}', 'user.yaml:1:1: no setting is called keys: a keymap has `extends` and `contexts`'],
	[
		'text that is no YAML',
		'contexts: [',
		'user.yaml:1:12: Flow sequence in block collection must be sufficiently indented and end with a ]',
	],
	['a swap of two keys', 'contexts:\n  pods:\n    pods.logs: s\n    pods.shell: l', null],
];

for (const [title, text, problem] of cases) {
	test(`a user's keymap with ${title} ${problem === null ? 'is taken as it is' : 'is told with file, line and column, and the rest is used'}`, t => {
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

test("a later layer replaces an action's keys whole and keeps the order of actions", t => {
	const {keymap} = mergeKeymaps([base, parseKeymap('user.yaml', 'contexts: {list: {list.down: "n", namespace.pick: "N"}}')]);
	t.deepEqual(keymap.get('list')?.get('list.down')?.sequences, [['n']]);
	t.is([...keymap.get('list')!.keys()][0], 'list.down');
});

test('an unknown keymap under `extends` falls back to the default and is told', async t => {
	const {problems, base: used} = await loadKeymap({XDG_CONFIG_HOME: new URL('fixtures', import.meta.url).pathname});
	t.is(used, 'default');
	t.regex(problems[0]!.message, /no keymap is called vimm \(did you mean vim\?\)/);
	t.is(problems[0]!.line, 1);
});

test('the user’s keymap is never looked for by a relative path', t => {
	t.is(userKeymapPath({XDG_CONFIG_HOME: '', HOME: '/home/ada'}), '/home/ada/.config/spoke/keymap.yaml');
	t.is(userKeymapPath({XDG_CONFIG_HOME: 'here', HOME: '/home/ada'}), '/home/ada/.config/spoke/keymap.yaml');
	t.is(userKeymapPath({XDG_CONFIG_HOME: '/etc/ada', HOME: '/home/ada'}), '/etc/ada/spoke/keymap.yaml');
	t.is(userKeymapPath({}), null);
});
