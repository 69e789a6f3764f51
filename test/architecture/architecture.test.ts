/** Checks rooms, import directions, sizes and names against test/architecture/rooms.ts. */
import {existsSync} from 'node:fs';
import {readFile, readdir} from 'node:fs/promises';
import test from 'ava';
import {bannedNames, rooms, sharedSessionFolders, testSuites} from './rooms.ts';
import {slowFiles} from '../together/suite-files.ts';
import {readSource, roomOf, type SourceFile} from './imports.ts';

const files = await readSource();
const byRoom = new Map(rooms.map(room => [room.name, room]));

/** Tables of data may be long; each is named here with its reason. */
const longTables: readonly string[] = [];

/** The build replaces the first three. The list may only become shorter. */
const smallFiles = ['commands/schema/shipped-schemas.ts', 'session/keymap/shipped-keymaps.ts', 'session/themes/shipped-themes.ts'];

test('every folder and file of source/ belongs to a room', t => {
	t.deepEqual(
		[...new Set(files.map(file => file.room))].filter(room => !byRoom.has(room)),
		[],
	);
});

test('every room exists', t => {
	const present = new Set(files.map(file => file.room));
	t.deepEqual(
		rooms.map(room => room.name).filter(name => !present.has(name)),
		[],
	);
});

test('a room that describes its folders describes each of them', t => {
	const foldersOf = (room: string) =>
		new Set(
			files
				.filter(file => file.room === room)
				.map(({path}) => path.split('/').slice(1, -1)[0])
				.filter(folder => folder !== undefined),
		);
	for (const {name, folders} of rooms) {
		if (folders) {
			t.deepEqual(Object.keys(folders).sort(), [...foldersOf(name)].sort(), name);
		}
	}
});

test('a room imports only the rooms that it names, and types only from earlier rooms', t => {
	const order = rooms.map(({name}) => name);
	const wrong = files.flatMap(file =>
		file.imports
			.filter(({package: outer}) => outer === null)
			.filter(({to, typeOnly}) => {
				const [own, other] = [file.room, roomOf(to)];
				return own !== other && !byRoom.get(own)?.canImport.includes(other) && !(typeOnly && order.indexOf(other) < order.indexOf(own));
			})
			.map(({to}) => `${file.path} → ${to}`),
	);
	t.deepEqual(wrong, []);
	for (const {name, canImport} of rooms) {
		t.deepEqual(
			canImport.filter(other => order.indexOf(other) >= order.indexOf(name)),
			[],
			name,
		);
	}
});

test('no room is larger than its budget, nor smaller by more than a hundredth', t => {
	for (const {name, budget} of rooms) {
		const own = files.filter(file => file.room === name);
		const sizes = {
			lines: sum(own.map(file => file.lines - 1)),
			bytes: sum(own.map(file => Buffer.byteLength(file.text))),
			files: own.length,
		};
		for (const unit of ['lines', 'bytes', 'files'] as const) {
			const [size, most] = [sizes[unit], budget[unit]];
			t.true(size <= most, `${name}: ${size} ${unit}, more than its budget of ${most}`);
			t.true(size >= Math.floor(most * 0.99), `${name}: ${size} ${unit}: lower its budget of ${most}`);
		}
	}
});

test('the sandbox imports only errors and wire, not even other types', t => {
	const allowed = ['sandbox/', 'base/errors/', 'wire/'];
	const wrong = files
		.filter(file => file.room === 'sandbox')
		.flatMap(file =>
			file.imports
				.filter(({to, package: outer}) => outer === null && !allowed.some(place => to.startsWith(place)))
				.map(({to}) => `${file.path} → ${to}`),
		);
	t.deepEqual(wrong, []);
});

test('packages are imported only in the rooms that name them', t => {
	const wrong = files.flatMap(file =>
		file.imports
			.filter(({package: outer, typeOnly}) => outer !== null && !typeOnly)
			.filter(({package: outer}) => !byRoom.get(file.room)?.packages?.includes(outer!))
			.map(({to}) => `${file.path} → ${to}`),
	);
	t.deepEqual(wrong, []);
});

test('one file reads the undocumented members of the nodes of Ink', t => {
	const members = /\b(?:yogaNode|childNodes|nodeValue|parentNode|internal_\w+|onRender|onImmediateRender)\b/;
	t.deepEqual(
		files.filter(({room, text}) => room === 'session' && members.test(text)).map(({path}) => path),
		['session/frame/ink-tree.ts'],
	);
});

test('no import cycle exists', t => {
	t.deepEqual(cycles(files), []);
});

test('rules import only evidence types and other rules, not even types of others', t => {
	const wrong = files
		.filter(file => file.path.startsWith('evidence/rules/'))
		.flatMap(file =>
			file.imports
				.filter(({to}) => to !== 'evidence/evidence.ts' && !to.startsWith('evidence/rules/'))
				.map(({to}) => `${file.path} → ${to}`),
		);
	t.deepEqual(wrong, []);
});

test('commands load session and sandbox dynamically, but for keymaps, actions and themes', t => {
	const small = sharedSessionFolders.map(folder => `session/${folder}/`);
	const wrong = files
		.filter(file => file.room === 'commands')
		.flatMap(file =>
			file.imports
				.filter(({to, dynamic, typeOnly}) => !typeOnly && ['session', 'sandbox'].includes(roomOf(to)) && !dynamic)
				.filter(({to}) => !small.some(folder => to.startsWith(folder)))
				.map(({to}) => `${file.path} → ${to}`),
		);
	t.deepEqual(wrong, []);
});

test('every file of source/ that CONTRIBUTING names exists', async t => {
	const text = await readFile(new URL('../../CONTRIBUTING.md', import.meta.url), 'utf8');
	const named = [...text.matchAll(/`(?:source\/)?([a-z/-]+\.tsx?)`/g)].map(([, path]) => path!);
	t.true(named.length > 50);
	t.deepEqual(
		named.filter(name => !/^(?:spec|run|test\/|scripts\/)/.test(name) && !files.some(({path}) => `/${path}`.endsWith(`/${name}`))),
		[],
	);
});

test('every folder of test/ mirrors a folder of source/ or is a suite of its own', async t => {
	const root = new URL('../', import.meta.url);
	const folders = (await readdir(root, {recursive: true, withFileTypes: true}))
		.filter(entry => entry.isDirectory())
		.map(entry => `${entry.parentPath}/${entry.name}`.slice(root.pathname.length).replace(/^\//, ''));
	const mirrored = new Set(
		files.flatMap(({path}) =>
			path
				.split('/')
				.slice(0, -1)
				.map((_, index, parts) => parts.slice(0, index + 1).join('/')),
		),
	);
	t.deepEqual(
		folders.filter(
			folder =>
				!testSuites.includes(folder.split('/')[0]!) &&
				!mirrored.has(folder) &&
				!byRoom.has(folder) &&
				!/\b(?:fixtures|frames)\b/.test(folder),
		),
		[],
	);
});

test('every file of the slow suite exists', t => {
	t.deepEqual(
		slowFiles.filter(path => !existsSync(path)),
		[],
	);
});

test('only base/errors/ uses instanceof SpokeError, which is false for another bundle’s class', t => {
	t.deepEqual(
		files.filter(({path, text}) => !path.startsWith('base/errors/') && /\binstanceof SpokeError\b/.test(text)).map(({path}) => path),
		[],
	);
});

test('no source file calls a method that builds Node’s legacy certificate object', t => {
	t.deepEqual(
		files.filter(({text}) => /\.(?:getPeerCertificate|getCertificate|toLegacyObject)\(/.test(text)).map(({path}) => path),
		[],
	);
});

test('only wire/node-internals.ts uses members of Node that begin with an underscore', t => {
	t.deepEqual(
		files.filter(({text}) => /(?<!this)\??\._[a-z]|\{_[a-z]|process\.binding/.test(text)).map(({path}) => path),
		['wire/node-internals.ts'],
	);
});

test('nothing imports the Kubernetes client at run time', t => {
	t.deepEqual(
		files.flatMap(file =>
			file.imports.filter(({package: outer, typeOnly}) => outer === '@kubernetes/client-node' && !typeOnly).map(({from}) => from),
		),
		[],
	);
});

test('no file is longer than 400 lines', t => {
	t.deepEqual(
		files.filter(file => file.lines > 400 && !longTables.includes(file.path)).map(file => `${file.path}: ${file.lines}`),
		[],
	);
});

test('a file of fewer than 40 lines has more than one importer in its room', t => {
	const importersOf = (path: string) => files.filter(file => file.imports.some(edge => edge.package === null && edge.to === path));
	const isFragment = ({path, room, lines}: SourceFile) => {
		const [only, ...others] = importersOf(path);
		return lines <= 40 && others.length === 0 && only?.room === room && only.imports.some(({to, dynamic}) => to === path && !dynamic);
	};

	t.deepEqual(
		files.filter(file => isFragment(file) && !smallFiles.includes(file.path)).map(file => file.path),
		[],
	);
});

test('files and folders have kebab-case names without banned words', t => {
	const named = files.flatMap(file => file.path.split('/')).map(part => part.replace(/\.tsx?$/, ''));
	t.deepEqual(
		named.filter(name => bannedNames.includes(name) || !/^[a-z\d]+(-[a-z\d]+)*(\.[a-z]+)?$/.test(name)),
		[],
	);
});

test('every file begins with a header comment and has no default export', t => {
	t.deepEqual(
		files.filter(file => !/^(#![^\n]+\n)?\/\*\*/.test(file.text)).map(file => file.path),
		[],
	);
	t.deepEqual(
		files.filter(file => /^export default/m.test(file.text)).map(file => file.path),
		[],
	);
});

function sum(numbers: readonly number[]): number {
	return numbers.reduce((total, number) => total + number, 0);
}

function cycles(all: readonly SourceFile[]): string[] {
	const graph = new Map(
		all.map(file => [
			file.path,
			file.imports.filter(edge => edge.package === null && !edge.typeOnly && !edge.dynamic).map(edge => edge.to),
		]),
	);
	const done = new Set<string>();
	const found: string[] = [];
	const visit = (path: string, trail: readonly string[]): void => {
		if (trail.includes(path)) {
			found.push([...trail.slice(trail.indexOf(path)), path].join(' → '));
			return;
		}

		if (done.has(path)) {
			return;
		}

		for (const next of graph.get(path) ?? []) {
			visit(next, [...trail, path]);
		}

		done.add(path);
	};

	for (const path of graph.keys()) {
		visit(path, []);
	}

	return found;
}
