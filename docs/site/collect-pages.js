/** Copies the documents to where the packages of the site are found: vite resolves imports of a page beside it. */
import {cpSync, readdirSync, rmSync} from 'node:fs';
import {fileURLToPath} from 'node:url';

const path = name => fileURLToPath(new URL(name, import.meta.url));

rmSync(path('pages'), {recursive: true, force: true});
cpSync(path('../../README.md'), path('pages/index.md'));
cpSync(path('../pictures'), path('pages/docs/pictures'), {recursive: true});
for (const name of ['CHANGELOG.md', 'CONTRIBUTING.md', 'SECURITY.md', ...readdirSync(path('..')).filter(name => name.endsWith('.md') && name !== 'README.md').map(name => `docs/${name}`)]) {
	cpSync(path(`../../${name}`), path(`pages/${name.replace('docs/', '')}`));
}
