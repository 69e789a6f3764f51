/** Reads which files import which, from the source text itself. */
import {readFile, readdir} from 'node:fs/promises';
import {dirname, relative, resolve, sep} from 'node:path';
import {fileURLToPath} from 'node:url';
import ts from 'typescript';

const sourceFolder = fileURLToPath(new URL('../../source/', import.meta.url));

export type Import = {from: string; to: string; package: string | null; typeOnly: boolean; dynamic: boolean};
export type SourceFile = {path: string; room: string; text: string; lines: number; imports: readonly Import[]};

/** Every file of source/, with its imports; paths are relative to source/ with `/`. */
export async function readSource(): Promise<SourceFile[]> {
	const entries = await readdir(sourceFolder, {recursive: true, withFileTypes: true});
	const files = entries.filter(entry => entry.isFile() && /\.tsx?$/.test(entry.name)).map(entry => resolve(entry.parentPath, entry.name));
	return Promise.all(
		files.sort().map(async file => {
			const text = await readFile(file, 'utf8');
			const path = slashed(relative(sourceFolder, file));
			return {path, room: roomOf(path), text, lines: text.split('\n').length, imports: importsOf(file, path, text)};
		}),
	);
}

/** `wire/spdy-frame.ts` → `wire`; `cli.ts` → `entry`. */
export function roomOf(path: string): string {
	return path.includes('/') ? path.slice(0, path.indexOf('/')) : 'entry';
}

function importsOf(file: string, path: string, text: string): Import[] {
	const parsed = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, false, file.endsWith('x') ? ts.ScriptKind.TSX : ts.ScriptKind.TS);
	const found: Import[] = [];
	const add = (specifier: string, typeOnly: boolean, dynamic: boolean) => {
		if (specifier.startsWith('.')) {
			found.push({from: path, to: slashed(relative(sourceFolder, resolve(dirname(file), specifier))), package: null, typeOnly, dynamic});
		} else if (!specifier.startsWith('node:')) {
			const parts = specifier.split('/');
			found.push({
				from: path,
				to: specifier,
				package: specifier.startsWith('@') ? parts.slice(0, 2).join('/') : parts[0]!,
				typeOnly,
				dynamic,
			});
		}
	};

	const visit = (node: ts.Node): void => {
		if (ts.isImportDeclaration(node) && ts.isStringLiteral(node.moduleSpecifier)) {
			const clause = node.importClause;
			const named = clause?.namedBindings && ts.isNamedImports(clause.namedBindings) ? clause.namedBindings.elements : undefined;
			const allTypes = named !== undefined && clause?.name === undefined && named.length > 0 && named.every(element => element.isTypeOnly);
			add(node.moduleSpecifier.text, clause?.phaseModifier === ts.SyntaxKind.TypeKeyword || allTypes, false);
		} else if (ts.isExportDeclaration(node) && node.moduleSpecifier && ts.isStringLiteral(node.moduleSpecifier)) {
			add(node.moduleSpecifier.text, node.isTypeOnly, false);
		} else if (
			ts.isCallExpression(node) &&
			node.expression.kind === ts.SyntaxKind.ImportKeyword &&
			node.arguments[0] &&
			ts.isStringLiteral(node.arguments[0])
		) {
			add(node.arguments[0].text, false, true);
		}

		ts.forEachChild(node, visit);
	};

	visit(parsed);
	return found;
}

function slashed(path: string): string {
	return path.split(sep).join('/');
}
