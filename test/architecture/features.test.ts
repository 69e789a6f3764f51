/** Checks the folders of source/session/ against test/architecture/features.ts. */
import test from 'ava';
import {features, screensCanImport, stateCanImport} from './features.ts';
import {readSource, type Import} from './imports.ts';
import {sharedSessionFolders} from './rooms.ts';

const files = (await readSource()).filter(({path}) => path.startsWith('session/'));
const byPath = new Map(files.map(file => [file.path, file.imports.filter(edge => edge.package === null)]));
const between = [...byPath.values()]
	.flat()
	.filter(({from, to, typeOnly}) => !typeOnly && featureOf(to) !== undefined && featureOf(from) !== featureOf(to));

const state = reachedFrom(['session/frame/session-reducer.ts']);
const screens = reachedFrom([...byPath.keys()].filter(path => path.endsWith('.tsx')));

test('a feature imports code of exactly the features that it names', t => {
	const used = (name: string) => new Set(between.filter(({from}) => featureOf(from) === name).map(({to}) => featureOf(to)!));
	for (const {name, canImport} of features) {
		t.deepEqual([...used(name)].sort(), [...canImport].sort(), name);
	}
});

test('actions, keymap and themes import code of no feature', t => {
	t.deepEqual(between.filter(({from}) => sharedSessionFolders.some(folder => from.startsWith(`session/${folder}/`))).map(shown), []);
});

test('what the reducer reaches imports no effects', t => {
	t.deepEqual(outside(state, stateCanImport), []);
});

test('what the screens reach imports no effects', t => {
	t.deepEqual(outside(screens, [...stateCanImport, ...screensCanImport]), []);
});

test('neither the reducer nor a screen reaches the session or its store, not even their types', t => {
	const effects = ['session/frame/session.ts', 'session/frame/store.ts'];
	t.deepEqual(
		effects.filter(path => !byPath.has(path)),
		[],
	);
	t.deepEqual(
		effects.filter(path => state.has(path) || screens.has(path)),
		[],
	);
});

/** @returns the files of the session that these import, for code or for types, and that those import in turn. */
function reachedFrom(roots: readonly string[]): Set<string> {
	const reached = new Set(roots);
	for (const path of reached) {
		for (const {to} of byPath.get(path) ?? []) {
			if (byPath.has(to)) {
				reached.add(to);
			}
		}
	}

	return reached;
}

function outside(paths: ReadonlySet<string>, allowed: readonly string[]): string[] {
	return [...paths]
		.flatMap(path => byPath.get(path)!)
		.filter(({to, typeOnly}) => !typeOnly && !allowed.some(place => to.startsWith(place)))
		.map(shown);
}

function featureOf(path: string): string | undefined {
	const folder = /^session\/([^/]+)\//.exec(path)?.[1];
	return folder !== undefined && sharedSessionFolders.includes(folder) ? undefined : folder;
}

function shown({from, to}: Import): string {
	return `${from} → ${to}`;
}
