/** The documents say what the program says. */
import {readdir, readFile} from 'node:fs/promises';
import {existsSync} from 'node:fs';
import {dirname, resolve} from 'node:path';
import {fileURLToPath} from 'node:url';
import test from 'ava';
import {renderedDocs} from '../../scripts/render-docs.ts';
import {schemaFaults} from '../support/schemas.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));

test('no table of a document is stale', async t => {
	for (const {path, now, fresh} of await renderedDocs()) {
		t.is(now, fresh, `${path}: run npm run docs`);
	}
});

test('every link to a file or a heading of the repository resolves', async t => {
	const pages = (await readdir(resolve(root, 'docs'))).filter(name => name.endsWith('.md')).map(name => `docs/${name}`);
	const others = ['README.md', 'CHANGELOG.md', 'CONTRIBUTING.md', 'SECURITY.md', 'source/sandbox/README.md', 'test/real-cluster/README.md'];
	for (const path of [...others, ...pages]) {
		const text = await readFile(resolve(root, path), 'utf8');
		for (const [, target, heading] of text.matchAll(/\]\((?!\w+:)([^)#\s]*)(?:#([^)\s]+))?\)/g)) {
			const file = target === '' ? resolve(root, path) : resolve(root, dirname(path), target!);
			t.true(existsSync(file), `${path} → ${target}`);
			if (heading !== undefined) {
				t.true(anchorsOf(await readFile(file, 'utf8')).has(heading), `${path} → ${target}#${heading}`);
			}
		}
	}
});

test('the site lists every document in its sidebar', async t => {
	const config = await readFile(resolve(root, 'docs/site/.vitepress/config.js'), 'utf8');
	const [, sections = ''] = /^const sections = (\{[^}]+\});$/m.exec(config)!;
	const listed = [...sections.matchAll(/'([a-z-]+)'(?=[,\]])/g)].map(([, page]) => `${page}.md`);
	t.deepEqual(listed.toSorted(), (await readdir(resolve(root, 'docs'))).filter(name => name.endsWith('.md') && name !== 'README.md').toSorted());
});

test('every example object of docs/json.md matches its schema', async t => {
	const text = await readFile(resolve(root, 'docs/json.md'), 'utf8');
	const examples = [...text.matchAll(/^```json\n([\s\S]+?)\n```$/gm)].map(([, example]) => JSON.parse(example!) as {kind: string});
	// The example of an audit has one of its rows.
	const faults = examples.flatMap(example => schemaFaults(example)).filter(fault => !fault.startsWith('Audit/rows must NOT have fewer than'));
	t.deepEqual(faults, []);
	const kinds = new Set(examples.map(({kind}) => kind));
	t.deepEqual(['Path', 'Audit', 'Doctor', 'PortForwardEvent', 'Error'].filter(kind => !kinds.has(kind)), []);
});

test('README, CONTRIBUTING and the installation name only npm scripts that exist', async t => {
	const {scripts} = JSON.parse(await readFile(resolve(root, 'package.json'), 'utf8')) as {scripts: Record<string, string>};
	for (const path of ['README.md', 'CONTRIBUTING.md', 'docs/install.md']) {
		const text = await readFile(resolve(root, path), 'utf8');
		for (const [, name] of text.matchAll(/npm run ([\w:-]+)/g)) {
			t.true((name ?? '') in scripts, `${path}: npm run ${name}`);
		}
	}
});

test('docs/settings.md lists every environment variable of spoke', async t => {
	const files = (await readdir(resolve(root, 'source'), {recursive: true})).filter(name => /\.tsx?$/.test(name));
	const sources = await Promise.all(files.map(async name => readFile(resolve(root, 'source', name), 'utf8')));
	const names = new Set(sources.flatMap(text => [...text.matchAll(/\benv(?:ironment)?\['((?:SPOKE|NO)_\w+)'\]/g)].map(([, name]) => name!)));
	t.true(names.size > 3);
	const settings = await readFile(resolve(root, 'docs/settings.md'), 'utf8');
	t.deepEqual([...names].filter(name => !settings.includes(`\`${name}`)), []);
});

test('README and the pages beside commands, errors and keys have at most 21,500 words', async t => {
	const rendered = ['commands.md', 'errors.md', 'keys.md'];
	const pages = (await readdir(resolve(root, 'docs'))).filter(name => name.endsWith('.md') && !rendered.includes(name));
	const texts = await Promise.all(['README.md', ...pages.map(name => `docs/${name}`)].map(async path => readFile(resolve(root, path), 'utf8')));
	const words = texts.flatMap(text => text.split(/\s+/).filter(token => /\p{L}/u.test(token)));
	t.true(words.length <= 21_500, `${words.length} words: say a fact in one page, and link to it`);
});

/** Those that GitHub gives the headings of a document. */
function anchorsOf(text: string): Set<string> {
	const headings = [...text.matchAll(/^#{1,6} (.+)$/gm)].map(([, heading]) => heading!);
	return new Set(headings.map(heading => heading.toLowerCase().replaceAll(/[^\p{L}\p{N}\s_-]/gu, '').replaceAll(' ', '-')));
}
