/** The documents as a static site, in `dist/` beside this folder: `npm run site`. A link to a page that does not exist fails the build. */
import {readFileSync} from 'node:fs';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {defineConfig} from 'vitepress';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const {homepage, version} = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const repository = homepage.replace(/#.*/, '');

const sections = {
	Begin: ['getting-started', 'reading-a-path', 'install', 'recipes', 'clusters'],
	Use: ['commands', 'logs', 'contexts', 'forwards', 'copies', 'keys', 'settings', 'policies', 'mcp', 'permissions'],
	Trust: ['evidence', 'threat-model', 'reliability', 'benchmarks', 'dependencies'],
	'Look up': ['audit', 'errors', 'json'],
};

export default defineConfig({
	title: 'spoke',
	description: 'See and use the path from you to a pod',
	srcDir: 'pages',
	cleanUrls: true,
	lastUpdated: false,
	markdown: {
		config(markdown) {
			resolveLinks(markdown);
			keepBraces(markdown);
		},
	},
	themeConfig: {
		search: {provider: 'local'},
		outline: [2, 3],
		nav: [{text: version, link: '/CHANGELOG'}],
		sidebar: Object.entries(sections).map(([text, pages]) => ({text, items: pages.map(page => ({text: titleOf(page), link: `/${page}`}))})),
	},
});

function titleOf(page) {
	return /^# (.+)$/m.exec(readFileSync(join(root, 'docs', `${page}.md`), 'utf8'))[1];
}

/** Documents link to each other, and to other files of the repository, as GitHub resolves it. */
function resolveLinks(markdown) {
	markdown.core.ruler.push('resolve-links', ({tokens, env}) => {
		for (const token of tokens.flatMap(({children}) => children ?? [])) {
			const href = token.attrGet('href');
			if (href !== null && !/^(?:\w+:|#)/.test(href)) {
				token.attrSet('href', resolveLink(href, env.relativePath));
			}
		}
	});
}

function resolveLink(href, page) {
	const folder = /^(?:index|[A-Z]+)\.md$/.test(page) ? '' : 'docs';
	const [path, heading] = href.split('#');
	const file = join(folder, path);
	const name = /^(?:docs\/)?([\w-]+)\.md$/.exec(file)?.[1];
	const anchor = heading === undefined ? '' : `#${heading}`;
	return name === undefined ? `${repository}blob/main/${file}` : `/${name === 'README' ? '' : name}${anchor}`;
}

/** Two braces begin an expression of Vue. */
function keepBraces(markdown) {
	markdown.renderer.rules.text = (tokens, index) => markdown.utils.escapeHtml(tokens[index].content).replaceAll('{{', '&#123;{');
}
