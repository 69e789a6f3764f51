/** The npm package: what it holds, and when a clone or a git URL builds it. */
import {execFile} from 'node:child_process';
import {access, constants, copyFile, mkdir, readFile, utimes, writeFile} from 'node:fs/promises';
import {dirname, join, posix} from 'node:path';
import process from 'node:process';
import {fileURLToPath} from 'node:url';
import {promisify} from 'node:util';
import test from 'ava';
import {isBuildStale} from '../../scripts/is-build-stale.ts';
import {manPages} from '../../scripts/man-pages.ts';
import {temporaryDirectory} from '../support/temporary-directory.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
type Manifest = {
	scripts: Record<string, string>;
	bin: Record<string, string>;
	man: string[];
	repository: {url: string};
	homepage: string;
	bugs: {url: string};
	name: string;
	version: string;
};
const manifest = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as Manifest;

const packed = (async () => {
	const {stdout} = await promisify(execFile)('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
		cwd: root,
		env: {...process.env, NO_UPDATE_NOTIFIER: '1'},
	});
	const report = JSON.parse(stdout) as Array<{files: Array<{path: string}>}> | Record<string, {files: Array<{path: string}>}>;
	return new Set(Object.values(report).flatMap(({files}) => files.map(({path}) => path)));
})();

test('every relative link of a packed document leads to a packed file', async t => {
	const files = await packed;
	const documents = [...files].filter(path => path.endsWith('.md'));
	t.true(documents.length > 5);
	for (const document of documents) {
		const text = await readFile(join(root, document), 'utf8');
		for (const [, target] of text.matchAll(/\]\((?!https?:|#)([^)#\s]+)/g)) {
			const path = posix.join(posix.dirname(document), target!);
			t.true(files.has(path) || [...files].some(file => file.startsWith(`${path}/`)), `${document} links to ${target}`);
		}
	}
});

test('packs every program, manual page and schema', async t => {
	const files = await packed;
	for (const path of [
		...Object.values(manifest.bin),
		...manifest.man.map(path => path.replace('./', '')),
		'schemas/path.json',
		'keymaps/schema.json',
		'LICENSE',
		'CHANGELOG.md',
	]) {
		t.true(files.has(path), path);
		await t.notThrowsAsync(access(join(root, path), constants.R_OK), path);
	}

	t.deepEqual(
		[...files].filter(path => path.startsWith('source/') || path.endsWith('.tgz')),
		[],
	);
});

test('installs spoke, the kubectl plugin and its completion', t => {
	t.deepEqual(Object.keys(manifest.bin), ['kubectl-spoke', 'kubectl_complete-spoke', 'spoke']);
});

test('a git install and a clone build the package in prepare', t => {
	t.is(manifest.scripts['prepare'], 'node scripts/prepare.mjs --quiet --if-stale');
	t.is(manifest.scripts['prepack'], undefined, 'npm pack runs prepare already');
});

test('prepare without devDependencies prints the command to run instead', async t => {
	const folder = await temporaryDirectory(t);
	await mkdir(join(folder, 'scripts'));
	await copyFile(join(root, 'scripts/prepare.mjs'), join(folder, 'scripts/prepare.mjs'));
	const prepare = async (env: NodeJS.ProcessEnv) => promisify(execFile)(process.execPath, ['scripts/prepare.mjs'], {cwd: folder, env});
	await t.throwsAsync(prepare({npm_config_global: 'true'}), {message: /npm install --global "\$\(npm pack --silent GIT-URL\)"/});
	await t.throwsAsync(prepare({}), {message: /npm ci, or --ignore-scripts/});
});

test('package.json names a repository, a home page and a bug tracker', t => {
	for (const url of [manifest.repository.url, manifest.homepage, manifest.bugs.url]) {
		t.true(URL.canParse(url.replace('git+', '')), url);
	}
});

test('git ignores packages', async t => {
	const {stdout} = await promisify(execFile)(
		'git',
		['check-ignore', `${manifest.name}-${manifest.version}.tgz`, 'build/spoke.js', 'man/spoke.1'],
		{cwd: root},
	);
	t.is(stdout.trim().split('\n').length, 3);
});

test('manual pages match the flags, and package.json lists each', async t => {
	const pages = await manPages();
	t.deepEqual(
		manifest.man,
		[...pages.keys()].map(name => `./man/${name}`),
	);
	for (const [name, text] of pages) {
		t.is(await readFile(join(root, 'man', name), 'utf8'), text, `${name}: run npm run build`);
	}
});

test('a build is stale when it is missing, or older than a source file or folder', async t => {
	const folder = await temporaryDirectory(t);
	const put = async (path: string, seconds: number) => {
		await mkdir(dirname(join(folder, path)), {recursive: true});
		await writeFile(join(folder, path), '');
		await utimes(join(folder, path), seconds, seconds);
	};

	for (const path of ['package.json', 'source/a.ts', 'source/room/b.ts', 'scripts/build.ts', 'keymaps/default.yaml', 'schemas/path.json']) {
		await put(path, 1000);
	}

	for (const path of ['source/room', 'source', 'scripts', 'keymaps', 'schemas']) {
		await utimes(join(folder, path), 1000, 1000);
	}

	t.true(await isBuildStale(folder), 'missing');
	await put('build/.built', 2000);
	t.false(await isBuildStale(folder), 'fresh');
	for (const path of ['source/room/b.ts', 'package.json', 'source/room', 'schemas/path.json']) {
		await utimes(join(folder, path), 3000, 3000);
		t.true(await isBuildStale(folder), path);
		await utimes(join(folder, path), 1000, 1000);
	}

	t.false(await isBuildStale(folder));
});
