/** Parser of Go templates. */
import {TemplateError, tokenizeTemplate, type TemplateSegment, type TemplateToken} from './template-tokens.ts';

export type TemplateNode =
	| {kind: 'text'; text: string}
	| {kind: 'print'; pipe: TemplatePipe}
	| {kind: 'if' | 'with' | 'range'; pipe: TemplatePipe; body: readonly TemplateNode[]; otherwise: readonly TemplateNode[]}
	| {kind: 'break' | 'continue'};

/** `variables` receive the value: by `:=` new ones, by `=` known ones. */
export type TemplatePipe = {variables: readonly string[]; isNew: boolean; commands: ReadonlyArray<readonly TemplateOperand[]>};

/** `names` are the fields that follow, as in `$order.id`. */
export type TemplateOperand =
	| {kind: 'literal'; value: string | number | boolean | null}
	| {kind: 'dot'; names: readonly string[]}
	| {kind: 'variable'; name: string; names: readonly string[]}
	| {kind: 'pipe'; pipe: TemplatePipe; names: readonly string[]}
	| {kind: 'function'; name: string};

/** `functions` are the known names. @throws TemplateError */
export function parseTemplate(template: string, functions: ReadonlySet<string>): readonly TemplateNode[] {
	return new Parser(tokenizeTemplate(template), functions).parse();
}

const blocks = new Set(['if', 'with', 'range']);
const unsupported = new Set(['define', 'template', 'block']);
const constants = new Map<string, boolean | null>([
	['true', true],
	['false', false],
	['nil', null],
]);

class Parser {
	readonly #segments: readonly TemplateSegment[];
	readonly #functions: ReadonlySet<string>;
	#next = 0;
	/** Variables of the blocks around this place. `$` is the whole line. */
	#scopes: Array<Set<string>> = [new Set([''])];
	#rangeDepth = 0;

	constructor(segments: readonly TemplateSegment[], functions: ReadonlySet<string>) {
		this.#segments = segments;
		this.#functions = functions;
	}

	parse(): readonly TemplateNode[] {
		const {nodes, end} = this.#nodes();
		if (end !== null) {
			throw new TemplateError(`unexpected {{${end.word}}}`);
		}

		return nodes;
	}

	/** Up to the `else` or `end` that belongs to the block around. */
	#nodes(): {nodes: readonly TemplateNode[]; end: {word: string; tokens: Tokens} | null} {
		const nodes: TemplateNode[] = [];
		while (this.#next < this.#segments.length) {
			const segment = this.#segments[this.#next++]!;
			if ('text' in segment) {
				nodes.push({kind: 'text', text: segment.text});
				continue;
			}

			const tokens = new Tokens(segment.tokens);
			const word = tokens.keyword();
			if (word === 'else' || word === 'end') {
				return {nodes, end: {word, tokens}};
			}

			nodes.push(this.#action(word, tokens));
			tokens.assertEnd();
		}

		return {nodes, end: null};
	}

	#action(word: string | null, tokens: Tokens): TemplateNode {
		if (word === null) {
			return {kind: 'print', pipe: this.#pipe(tokens)};
		}

		if (blocks.has(word)) {
			return this.#block(word as 'if' | 'with' | 'range', tokens);
		}

		if (unsupported.has(word)) {
			throw new TemplateError(`{{${word}}} is not supported`);
		}

		if (this.#rangeDepth === 0) {
			throw new TemplateError(`{{${word}}} outside of {{range}}`);
		}

		return {kind: word as 'break' | 'continue'};
	}

	#block(kind: 'if' | 'with' | 'range', tokens: Tokens): TemplateNode {
		this.#scopes.push(new Set());
		this.#rangeDepth += kind === 'range' ? 1 : 0;
		const pipe = this.#pipe(tokens, kind === 'range');
		tokens.assertEnd();
		const {nodes: body, end} = this.#nodes();
		this.#rangeDepth -= kind === 'range' ? 1 : 0;
		const otherwise = end === null ? null : this.#otherwise(end);
		this.#scopes.pop();
		if (otherwise === null) {
			throw new TemplateError(`{{${kind}}} without {{end}}`);
		}

		return {kind, pipe, body, otherwise};
	}

	/** `null` without an `end`. */
	#otherwise({word, tokens}: {word: string; tokens: Tokens}): readonly TemplateNode[] | null {
		if (word === 'end') {
			tokens.assertEnd();
			return [];
		}

		const chained = tokens.keyword();
		if (chained === 'if' || chained === 'with') {
			return [this.#block(chained, tokens)];
		}

		tokens.assertEnd();
		const {nodes, end} = this.#nodes();
		if (end?.word === 'else') {
			throw new TemplateError('unexpected {{else}}');
		}

		end?.tokens.assertEnd();
		return end === null ? null : nodes;
	}

	#pipe(tokens: Tokens, isRange = false): TemplatePipe {
		const {variables, isNew} = tokens.declaration(isRange);
		for (const name of isNew ? [] : variables) {
			this.#assertKnown(name);
		}

		const commands = [this.#command(tokens)];
		while (tokens.take('|')) {
			commands.push(this.#command(tokens));
		}

		for (const name of isNew ? variables : []) {
			this.#scopes.at(-1)!.add(name);
		}

		return {variables, isNew, commands};
	}

	#command(tokens: Tokens): readonly TemplateOperand[] {
		const operands: TemplateOperand[] = [];
		for (let operand = this.#operand(tokens); operand !== null; operand = this.#operand(tokens)) {
			operands.push(operand);
		}

		if (operands.length === 0) {
			throw new TemplateError('missing value');
		}

		const [first, ...more] = operands;
		if (more.length > 0 && first!.kind !== 'function') {
			throw new TemplateError('only a function takes arguments');
		}

		return operands;
	}

	#operand(tokens: Tokens): TemplateOperand | null {
		const token = tokens.next();
		if (token === null) {
			return null;
		}

		switch (token.kind) {
			case 'literal': {
				return token;
			}

			case 'dot': {
				return {kind: 'dot', names: []};
			}

			case 'field': {
				return {kind: 'dot', names: [token.name, ...tokens.attachedFields()]};
			}

			case 'variable': {
				this.#assertKnown(token.name);
				return {kind: 'variable', name: token.name, names: tokens.attachedFields()};
			}

			case 'word': {
				return this.#word(token.name);
			}

			case 'sign': {
				if (token.text !== '(') {
					tokens.back();
					return null;
				}

				const pipe = this.#pipe(tokens);
				if (!tokens.take(')')) {
					throw new TemplateError('( without )');
				}

				return {kind: 'pipe', pipe, names: tokens.attachedFields()};
			}
		}
	}

	#word(name: string): TemplateOperand {
		const constant = constants.get(name);
		if (constant !== undefined) {
			return {kind: 'literal', value: constant};
		}

		if (!this.#functions.has(name)) {
			throw new TemplateError(`unknown function ${name}; known are ${[...this.#functions].toSorted().join(', ')}`);
		}

		return {kind: 'function', name};
	}

	#assertKnown(name: string): void {
		if (!this.#scopes.some(scope => scope.has(name))) {
			throw new TemplateError(`undefined variable $${name}`);
		}
	}
}

const keywords = new Set(['if', 'with', 'range', 'else', 'end', 'break', 'continue', ...unsupported]);

/** The tokens of one action. */
class Tokens {
	readonly #tokens: readonly TemplateToken[];
	#at = 0;

	constructor(tokens: readonly TemplateToken[]) {
		this.#tokens = tokens;
	}

	next(): TemplateToken | null {
		return this.#tokens[this.#at++] ?? null;
	}

	back(): void {
		this.#at--;
	}

	take(text: string): boolean {
		const token = this.#tokens[this.#at];
		const isThere = token?.kind === 'sign' && token.text === text;
		this.#at += isThere ? 1 : 0;
		return isThere;
	}

	keyword(): string | null {
		const token = this.#tokens[this.#at];
		if (token?.kind !== 'word' || !keywords.has(token.name)) {
			return null;
		}

		this.#at++;
		return token.name;
	}

	attachedFields(): string[] {
		const names: string[] = [];
		for (let token = this.#tokens[this.#at]; token?.kind === 'field' && token.isAttached; token = this.#tokens[++this.#at]) {
			names.push(token.name);
		}

		return names;
	}

	/** `$x :=`, `$x =`, and in a range `$i, $x :=`. */
	declaration(isRange: boolean): {variables: readonly string[]; isNew: boolean} {
		const from = this.#at;
		const variables: string[] = [];
		do {
			const token = this.next();
			if (token?.kind !== 'variable') {
				break;
			}

			variables.push(token.name);
		} while (isRange && variables.length < 2 && this.take(','));

		const isNew = variables.length > 0 && this.take(':=');
		if (isNew || (variables.length > 0 && this.take('='))) {
			return {variables, isNew};
		}

		this.#at = from;
		return {variables: [], isNew: false};
	}

	assertEnd(): void {
		if (this.#at < this.#tokens.length) {
			throw new TemplateError(`unexpected ${describeToken(this.#tokens[this.#at]!)}`);
		}
	}
}

function describeToken(token: TemplateToken): string {
	switch (token.kind) {
		case 'literal': {
			return JSON.stringify(token.value);
		}

		case 'field': {
			return `.${token.name}`;
		}

		case 'variable': {
			return `$${token.name}`;
		}

		case 'word': {
			return token.name;
		}

		case 'dot': {
			return '.';
		}

		case 'sign': {
			return token.text;
		}
	}
}
