/**
 * Fails for a retired word in an exported name, a file name, a text of the program, a document or a test title.
 *
 * Server messages are exempt where they are quoted (“…”), and the contract's words where they are code: `…` in texts and documents.
 */
import {readFile, readdir} from 'node:fs/promises';
import test from 'ava';
import ts from 'typescript';
import {readSource} from './imports.ts';
import retired from './retired-terms.json' with {type: 'json'};

const repository = new URL('../../', import.meta.url);
const files = await readSource();
const phrases = new RegExp(String.raw`\b(?:${Object.keys(retired.phrases).join('|')})\b`, 'i');
const names = new Set(Object.keys(retired.names));
const namePart = new RegExp(`(?:${Object.keys(retired.nameParts).join('|')})(?![a-z])`);
const nameEnding = new RegExp(`[a-z](?:${Object.keys(retired.nameEndings).join('|')})$`);
const fileNames = new Set(Object.keys(retired.files));

test('the patterns match the words that language rules retire', t => {
	t.true(hasRetiredPhrase('12 lines let go'));
	t.true(hasRetiredPhrase('names the right that would tell'));
	t.false(hasRetiredPhrase('the kubelet said “nobody was told”'));
	t.false(hasRetiredPhrase('docker lets gophers live'));
	t.true(['Grounds', 'gapWords', 'listHere', 'ForwardWish', 'dockEntry'].every(isRetiredName));
	t.false(['Observations', 'stopWordsIn', 'adhere', 'wishful', 'docker'].some(isRetiredName));
	t.true(['grounds.ts', 'gap-words.ts', 'purpose-here.tsx', 'gap-words.test.ts'].every(isRetiredFile));
	t.false(['observations.ts', 'words.ts', 'adhere.ts'].some(isRetiredFile));
});

test('no exported name is retired', t => {
	t.deepEqual(
		files.flatMap(({path, text}) =>
			exportedNames(parse(path, text))
				.filter(isRetiredName)
				.map(name => `${path}: ${name}`),
		),
		[],
	);
});

test('no file of source or test has a retired name', async t => {
	const testFiles = await readdir(new URL('test/', repository), {recursive: true});
	t.deepEqual([...files.map(({path}) => path), ...testFiles.filter(path => /\.tsx?$/.test(path))].filter(isRetiredFile), []);
});

test('no text of the program has a retired phrase', t => {
	t.deepEqual(
		files.flatMap(({path, text}) =>
			textsIn(parse(path, text))
				.filter(hasRetiredPhrase)
				.map(found => `${path}: ${found}`),
		),
		[],
	);
});

test('no document has a retired phrase', async t => {
	const documents = (await readdir(new URL('docs/', repository))).filter(name => name.endsWith('.md')).map(name => `docs/${name}`);
	const lines = await Promise.all(
		['README.md', 'CONTRIBUTING.md', 'CHANGELOG.md', 'package.json', ...documents].map(async path =>
			(await readFile(new URL(path, repository), 'utf8')).split('\n').map((line, index) => ({place: `${path}:${index + 1}`, line})),
		),
	);
	t.deepEqual(
		lines
			.flat()
			.filter(({line}) => hasRetiredPhrase(line))
			.map(({place, line}) => `${place}: ${line}`),
		[],
	);
});

test('no test title has a retired phrase or more than 90 characters', async t => {
	const root = new URL('test/', repository);
	const paths = (await readdir(root, {recursive: true})).filter(path => /\.(?:test|cluster)\.tsx?$/.test(path));
	const titles = await Promise.all(
		paths.map(async path =>
			titlesIn(parse(path, await readFile(new URL(path, root), 'utf8')))
				.filter(({title, isRow}) => hasRetiredPhrase(title) || (!isRow && title.length > 90))
				.map(({title}) => `${path}: ${title}`),
		),
	);
	t.deepEqual(titles.flat(), []);
});

function hasRetiredPhrase(text: string): boolean {
	return phrases.test(text.replace(/“[^”]*”|`[^`]*`/g, ''));
}

function isRetiredName(name: string): boolean {
	return names.has(name) || nameEnding.test(name) || namePart.test(name[0]!.toUpperCase() + name.slice(1));
}

function isRetiredFile(path: string): boolean {
	const name = path.replace(/^.*\//, '').replace(/(?:\.(?:test|cluster))?\.tsx?$/, '');
	return fileNames.has(name) || /-(?:words|here|anew)$/.test(name);
}

function exportedNames(file: ts.SourceFile): string[] {
	return file.statements.flatMap(statement => {
		if (ts.isExportDeclaration(statement)) {
			return statement.exportClause && ts.isNamedExports(statement.exportClause)
				? statement.exportClause.elements.map(({name}) => name.text)
				: [];
		}

		if (!ts.canHaveModifiers(statement) || !ts.getModifiers(statement)?.some(({kind}) => kind === ts.SyntaxKind.ExportKeyword)) {
			return [];
		}

		if (ts.isVariableStatement(statement)) {
			return statement.declarationList.declarations.map(({name}) => name.getText(file));
		}

		const {name} = statement as ts.DeclarationStatement;
		return name ? [name.getText(file)] : [];
	});
}

/** String literals and the fixed parts of templates, without what a template inserts. */
function textsIn(file: ts.SourceFile): string[] {
	const found: string[] = [];
	const visit = (node: ts.Node): void => {
		if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) {
			return;
		}

		if (ts.isTemplateExpression(node)) {
			found.push(fixedText(node));
			node.templateSpans.forEach(({expression}) => visit(expression));
			return;
		}

		if (ts.isStringLiteralLike(node) || ts.isJsxText(node)) {
			found.push(node.text);
		}

		ts.forEachChild(node, visit);
	};

	visit(file);
	return found;
}

/** First arguments of `test(…)`, and the `title` of table rows: a property, or an element that `for (const [title] of …)` names. */
function titlesIn(file: ts.SourceFile): Array<{title: string; isRow: boolean}> {
	const found: Array<{title: string; isRow: boolean}> = [];
	const add = (node: ts.Node | undefined, isRow = true): void => {
		if (node && (ts.isStringLiteralLike(node) || ts.isTemplateExpression(node))) {
			found.push({title: ts.isTemplateExpression(node) ? fixedText(node) : node.text, isRow});
		}
	};

	const arrays = new Map<string, ts.ArrayLiteralExpression>();
	const visit = (node: ts.Node): void => {
		if (ts.isVariableDeclaration(node) && node.initializer && ts.isArrayLiteralExpression(unwrapped(node.initializer))) {
			arrays.set(node.name.getText(file), unwrapped(node.initializer) as ts.ArrayLiteralExpression);
		} else if (ts.isCallExpression(node) && /^test(?:\.\w+)*$/.test(node.expression.getText(file))) {
			add(node.arguments[0], false);
		} else if (ts.isPropertyAssignment(node) && node.name.getText(file) === 'title') {
			add(node.initializer);
		} else if (ts.isForOfStatement(node)) {
			const rows = unwrapped(node.expression);
			const index = titleIndex(node.initializer, file);
			for (const row of (ts.isArrayLiteralExpression(rows) ? rows : arrays.get(rows.getText(file)))?.elements ?? []) {
				add(ts.isArrayLiteralExpression(row) ? row.elements[index] : undefined);
			}
		}

		ts.forEachChild(node, visit);
	};

	visit(file);
	return found;
}

function unwrapped(node: ts.Expression): ts.Expression {
	return ts.isAsExpression(node) || ts.isSatisfiesExpression(node) || ts.isParenthesizedExpression(node)
		? unwrapped(node.expression)
		: node;
}

function titleIndex(initializer: ts.ForInitializer, file: ts.SourceFile): number {
	const [variable] = ts.isVariableDeclarationList(initializer) ? initializer.declarations : [];
	return variable && ts.isArrayBindingPattern(variable.name)
		? variable.name.elements.findIndex(element => ts.isBindingElement(element) && element.name.getText(file) === 'title')
		: -1;
}

/** `…` stands for what is inserted. */
function fixedText({head, templateSpans}: ts.TemplateExpression): string {
	return [head.text, ...templateSpans.map(({literal}) => literal.text)].join('…');
}

function parse(path: string, text: string): ts.SourceFile {
	return ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true, path.endsWith('x') ? ts.ScriptKind.TSX : ts.ScriptKind.TS);
}
