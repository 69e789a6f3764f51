/** Mutants of a source file: one operator, literal, condition or statement changed at a time, as spans of text. */
import {createHash} from 'node:crypto';
import ts from 'typescript';

/**
`start` and `end` are offsets in the file's text; what executes the text at `reachedAt` reaches the mutant. `id` stays the same while the
file does, `key` and `order` while the line does. The first N in `order` are a sample.
*/
export type Mutant = {
	id: string;
	key: string;
	order: string;
	file: string;
	line: number;
	start: number;
	end: number;
	reachedAt: number;
	replacement: string;
};

const operators = new Map<ts.SyntaxKind, string>([
	[ts.SyntaxKind.EqualsEqualsEqualsToken, '!=='],
	[ts.SyntaxKind.ExclamationEqualsEqualsToken, '==='],
	[ts.SyntaxKind.LessThanToken, '<='],
	[ts.SyntaxKind.LessThanEqualsToken, '<'],
	[ts.SyntaxKind.GreaterThanToken, '>='],
	[ts.SyntaxKind.GreaterThanEqualsToken, '>'],
	[ts.SyntaxKind.AmpersandAmpersandToken, '||'],
	[ts.SyntaxKind.BarBarToken, '&&'],
	[ts.SyntaxKind.QuestionQuestionToken, '&&'],
	[ts.SyntaxKind.PlusToken, '-'],
	[ts.SyntaxKind.MinusToken, '+'],
	[ts.SyntaxKind.AsteriskToken, '/'],
	[ts.SyntaxKind.AmpersandToken, '|'],
	[ts.SyntaxKind.BarToken, '&'],
	[ts.SyntaxKind.CaretToken, '&'],
	[ts.SyntaxKind.LessThanLessThanToken, '>>'],
	[ts.SyntaxKind.GreaterThanGreaterThanToken, '<<'],
	[ts.SyntaxKind.PlusEqualsToken, '-='],
	[ts.SyntaxKind.MinusEqualsToken, '+='],
	[ts.SyntaxKind.QuestionQuestionEqualsToken, '='],
]);

const methods: Readonly<Record<string, string>> = {
	some: 'every',
	every: 'some',
	find: 'findLast',
	findLast: 'find',
	startsWith: 'endsWith',
	endsWith: 'startsWith',
	min: 'max',
	max: 'min',
	push: 'unshift',
	shift: 'pop',
};

/** Every mutant, with a quarter of those of texts. `seed` decides the order. */
export function mutantsOf(file: string, text: string, seed: string): Mutant[] {
	const parsed = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true);
	const lines = text.split('\n');
	const found: Mutant[] = [];
	const add = (node: ts.Node, replacement: string, share = 16) => {
		const start = node.getStart(parsed);
		const {line} = parsed.getLineAndCharacterOfPosition(start);
		const key = `${file}: ${lines[line]!.trim()}: ${text.slice(start, node.end)} → ${replacement}`;
		const order = hashOf(`${seed} ${key}`);
		if (Number.parseInt(order.at(-1)!, 16) < share) {
			const id = hashOf(`${file} ${text} ${start} ${replacement}`);
			found.push({id, key, order, file, line: line + 1, start, end: node.end, reachedAt: reachedAt(node, parsed), replacement});
		}
	};

	const visit = (node: ts.Node): void => {
		// Types, imports and names of properties are not run.
		if (ts.isTypeNode(node) || ts.isImportDeclaration(node) || ts.isTypeAliasDeclaration(node) || ts.isExportDeclaration(node)) {
			return;
		}

		mutate(node, add);
		ts.forEachChild(node, visit);
	};

	visit(parsed);
	return found;
}

function hashOf(text: string): string {
	return createHash('sha256').update(text).digest('hex').slice(0, 12);
}

/** V8 counts an operator such as `??` to its right operand, which is not always evaluated. */
function reachedAt(node: ts.Node, parsed: ts.SourceFile): number {
	return (ts.isBinaryExpression(node.parent) && node === node.parent.operatorToken ? node.parent : node).getStart(parsed);
}

function mutate(node: ts.Node, add: (node: ts.Node, replacement: string, share?: number) => void): void {
	if (ts.isBinaryExpression(node)) {
		const replacement = operators.get(node.operatorToken.kind);
		const joinsText = node.operatorToken.kind === ts.SyntaxKind.PlusToken && [node.left, node.right].some(isText);
		if (replacement !== undefined && !joinsText) {
			add(node.operatorToken, replacement);
		}
	} else if (ts.isIfStatement(node)) {
		add(node.expression, 'true');
		add(node.expression, 'false');
	} else if (ts.isConditionalExpression(node)) {
		add(node.condition, 'true');
		add(node.condition, 'false');
	} else if (ts.isPrefixUnaryExpression(node) && node.operator === ts.SyntaxKind.ExclamationToken) {
		add(node, `(${node.operand.getText()})`);
	} else if ((ts.isPrefixUnaryExpression(node) || ts.isPostfixUnaryExpression(node)) && node.operator === ts.SyntaxKind.PlusPlusToken) {
		add(node, node.getText().replace('++', '--'));
	} else if (ts.isNumericLiteral(node) && !isLimitOfTime(node)) {
		add(node, String(Number(node.text.replaceAll('_', '')) + 1));
	} else if (node.kind === ts.SyntaxKind.TrueKeyword || node.kind === ts.SyntaxKind.FalseKeyword) {
		add(node, node.kind === ts.SyntaxKind.TrueKeyword ? 'false' : 'true');
	} else if (isText(node) && !isName(node)) {
		add(node, node.getText().length > 2 ? "''" : "'mutated'", 4);
	} else if (ts.isArrayLiteralExpression(node) && node.elements.length > 0 && !isAssigned(node)) {
		add(node, '[]');
	} else if (ts.isCallExpression(node) && ts.isPropertyAccessExpression(node.expression)) {
		const {name} = node.expression;
		// Either ends a stream.
		const isEnd = node.arguments[0]?.kind === ts.SyntaxKind.NullKeyword;
		if (Object.hasOwn(methods, name.text) && !isEnd) {
			add(name, methods[name.text]!);
		} else if (name.text === 'filter') {
			add(node.arguments[0]!, '() => true');
		}
	} else if (ts.isExpressionStatement(node) && (ts.isCallExpression(node.expression) || isAssignment(node.expression))) {
		add(node, ';');
	}
}

/** Its last millisecond decides nothing. */
function isLimitOfTime({text, parent}: ts.NumericLiteral): boolean {
	const isNamed = ts.isVariableDeclaration(parent) || ts.isPropertyAssignment(parent);
	return isNamed && parent.name.getText().endsWith('Ms') && Number(text.replaceAll('_', '')) >= 100;
}

function isText(node: ts.Node): boolean {
	return ts.isStringLiteral(node) || ts.isNoSubstitutionTemplateLiteral(node) || ts.isTemplateExpression(node);
}

function isName({parent}: ts.Node): boolean {
	return (ts.isPropertyAssignment(parent) && isText(parent.name)) || ts.isTaggedTemplateExpression(parent);
}

function isAssigned({parent}: ts.Node): boolean {
	return isAssignment(parent) && ts.isArrayLiteralExpression(parent.left);
}

function isAssignment(node: ts.Node): node is ts.BinaryExpression {
	return ts.isBinaryExpression(node) && node.operatorToken.kind === ts.SyntaxKind.EqualsToken;
}
