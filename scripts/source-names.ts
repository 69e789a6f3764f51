/** Names that stand in the source itself, in no table: rules of citations, codes of findings, environment variables. */
import {readdir, readFile} from 'node:fs/promises';
import ts from 'typescript';

const source = new URL('../source/', import.meta.url);

/** What the source passes as a citation's `rule`, to `cite` or to a function that passes it on. */
export async function ruleNames(): Promise<string[]> {
	const files = await parse('evidence/');
	const takers = new Map(files.flatMap(file => nodesOf(file).flatMap(node => ruleTaker(node))));
	const given = files.flatMap(file =>
		nodesOf(file).flatMap(node => {
			if (ts.isPropertyAssignment(node) && node.name.getText() === 'rule') {
				return textsOf(node.initializer, file);
			}

			const at = ts.isCallExpression(node) ? takers.get(node.expression.getText()) : undefined;
			const [rule, otherwise] = at?.map(index => (node as ts.CallExpression).arguments[index]) ?? [];
			const argument = rule ?? otherwise;
			return argument ? textsOf(argument, file) : [];
		}),
	);
	return [...new Set(given)].toSorted();
}

/** The codes of a path's findings. */
export async function findingCodes(): Promise<string[]> {
	const nodes = (await parse('evidence/')).filter(({fileName}) => !fileName.startsWith('policies/')).flatMap(file => nodesOf(file));
	return nodes.flatMap(node =>
		ts.isPropertyAssignment(node) && node.name.getText() === 'code' && ts.isStringLiteral(node.initializer) ? [node.initializer.text] : [],
	);
}

/** Variables that spoke reads from its environment or sets for a command, without those of the sandbox's containers. */
export async function environmentNames(): Promise<string[]> {
	const files = (await parse('')).filter(({fileName}) => !fileName.startsWith('sandbox/'));
	const names = files.flatMap(file =>
		nodesOf(file).flatMap(node => {
			if (ts.isElementAccessExpression(node) && isEnvironment(node.expression)) {
				return textsOf(node.argumentExpression, file);
			}

			if (ts.isCallExpression(node) && node.arguments.some(argument => isEnvironment(argument))) {
				return node.arguments.flatMap(argument => textsOf(argument, file));
			}

			if (ts.isBindingElement(node)) {
				return node.propertyName?.getText() ?? [];
			}

			return ts.isStringLiteralLike(node) || ts.isTemplateHead(node) ? [node.text].filter(text => text.startsWith('SPOKE_')) : [];
		}),
	);
	return [...new Set(names)].filter(name => /^[A-Z][A-Z\d_]+$/.test(name)).toSorted();
}

async function parse(folder: string): Promise<ts.SourceFile[]> {
	const paths = (await readdir(new URL(folder, source), {recursive: true})).filter(path => /\.tsx?$/.test(path));
	return Promise.all(
		paths.map(async path =>
			ts.createSourceFile(path, await readFile(new URL(folder + path, source), 'utf8'), ts.ScriptTarget.Latest, true),
		),
	);
}

function nodesOf(node: ts.Node): ts.Node[] {
	const found = [node];
	node.forEachChild(child => void found.push(...nodesOf(child)));
	return found;
}

/** The function's name, the position of its parameter `rule`, and that of the parameter which its default returns. */
function ruleTaker(node: ts.Node): Array<readonly [string, readonly number[]]> {
	const name = ts.isFunctionDeclaration(node) ? node.name : ts.isVariableDeclaration(node) ? node.name : undefined;
	const made = ts.isFunctionDeclaration(node) ? node : ts.isVariableDeclaration(node) ? node.initializer : undefined;
	if (!name || !made || !(ts.isFunctionDeclaration(made) || ts.isArrowFunction(made))) {
		return [];
	}

	const names = made.parameters.map(parameter => parameter.name.getText());
	const at = names.indexOf('rule');
	const otherwise = made.parameters[at]?.initializer;
	const positions = otherwise && ts.isArrowFunction(otherwise) ? [at, names.indexOf(otherwise.body.getText())] : [at];
	return at === -1 ? [] : [[name.getText(), positions]];
}

/** The string literals that an expression can be, also by a constant or a function of the same file. */
function textsOf(expression: ts.Node, file: ts.SourceFile): string[] {
	if (ts.isConditionalExpression(expression)) {
		return [expression.whenTrue, expression.whenFalse].flatMap(part => textsOf(part, file));
	}

	if (ts.isArrowFunction(expression)) {
		return textsOf(expression.body, file);
	}

	if (ts.isIdentifier(expression)) {
		const declared = nodesOf(file).filter(
			(node): node is ts.VariableDeclaration | ts.FunctionDeclaration =>
				(ts.isVariableDeclaration(node) || ts.isFunctionDeclaration(node)) && node.name?.getText() === expression.text,
		);
		return declared
			.flatMap(node => (ts.isVariableDeclaration(node) ? node.initializer : node.body) ?? [])
			.flatMap(part => textsOf(part, file));
	}

	if (ts.isBlock(expression)) {
		return nodesOf(expression).flatMap(node => (ts.isReturnStatement(node) && node.expression ? textsOf(node.expression, file) : []));
	}

	return ts.isStringLiteralLike(expression) ? [expression.text] : [];
}

function isEnvironment(node: ts.Node): boolean {
	return /(^|[.#])env(ironment)?$/.test(node.getText());
}
