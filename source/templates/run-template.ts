/** Execution of Go templates. */
import type {TemplateNode, TemplateOperand, TemplatePipe} from './parse-template.ts';
import {TemplateError} from './template-tokens.ts';
import {formatValue, isMap, isTrue, type TemplateValue} from './template-values.ts';

export type TemplateFunctions = ReadonlyMap<string, (...values: readonly TemplateValue[]) => TemplateValue>;

/** `data` is a struct: an unknown field of it is an error, unlike an unknown key of a map. @throws TemplateError */
export function runTemplate(nodes: readonly TemplateNode[], data: object, functions: TemplateFunctions): string {
	return new Run(data, functions).text(nodes);
}

/** A field that no line has. */
export class UnknownFieldError extends TemplateError {}

class LoopControl extends Error {
	readonly kind: 'break' | 'continue';

	constructor(kind: 'break' | 'continue') {
		super(kind);
		this.kind = kind;
	}
}

class Run {
	readonly #data: object;
	readonly #functions: TemplateFunctions;
	readonly #scopes: Array<Map<string, TemplateValue>>;
	#dot: TemplateValue;
	#output = '';

	constructor(data: object, functions: TemplateFunctions) {
		this.#data = data;
		this.#functions = functions;
		this.#dot = data;
		this.#scopes = [new Map([['', data]])];
	}

	text(nodes: readonly TemplateNode[]): string {
		this.#nodes(nodes);
		return this.#output;
	}

	#nodes(nodes: readonly TemplateNode[]): void {
		for (const node of nodes) {
			this.#node(node);
		}
	}

	#node(node: TemplateNode): void {
		switch (node.kind) {
			case 'text': {
				this.#output += node.text;
				return;
			}

			case 'print': {
				const value = this.#pipe(node.pipe);
				this.#output += node.pipe.variables.length > 0 ? '' : formatValue(value);
				return;
			}

			case 'break':
			case 'continue': {
				throw new LoopControl(node.kind);
			}

			case 'if':
			case 'with':
			case 'range': {
				this.#scopes.push(new Map());
				const [depth, dot] = [this.#scopes.length, this.#dot];
				try {
					this.#block(node);
				} finally {
					this.#scopes.length = depth - 1;
					this.#dot = dot;
				}
			}
		}
	}

	#block({kind, pipe, body, otherwise}: Extract<TemplateNode, {kind: 'if' | 'with' | 'range'}>): void {
		if (kind === 'range') {
			this.#range(pipe, body, otherwise);
			return;
		}

		const value = this.#pipe(pipe);
		if (!isTrue(value)) {
			this.#nodes(otherwise);
			return;
		}

		this.#dot = kind === 'with' ? value : this.#dot;
		this.#nodes(body);
	}

	#range(pipe: TemplatePipe, body: readonly TemplateNode[], otherwise: readonly TemplateNode[]): void {
		const entries = entriesOf(this.#commands(pipe));
		const depth = this.#scopes.length;
		for (const [key, value] of entries) {
			this.#dot = value;
			const values = pipe.variables.length === 1 ? [value] : [key, value];
			for (const [index, name] of pipe.variables.entries()) {
				this.#set(name, values[index], pipe.isNew);
			}

			try {
				this.#nodes(body);
			} catch (thrown) {
				if (!(thrown instanceof LoopControl)) {
					throw thrown;
				}

				this.#scopes.length = depth;
				if (thrown.kind === 'break') {
					break;
				}
			}
		}

		if (entries.length === 0) {
			this.#nodes(otherwise);
		}
	}

	#pipe(pipe: TemplatePipe): TemplateValue {
		const value = this.#commands(pipe);
		for (const name of pipe.variables) {
			this.#set(name, value, pipe.isNew);
		}

		return value;
	}

	/** The value of each command is the last argument of the next. */
	#commands({commands}: TemplatePipe): TemplateValue {
		let piped: readonly TemplateValue[] = [];
		for (const operands of commands) {
			piped = [this.#command(operands, piped)];
		}

		return piped[0];
	}

	#command(operands: readonly TemplateOperand[], piped: readonly TemplateValue[]): TemplateValue {
		const [first, ...more] = operands;
		if (first?.kind !== 'function') {
			if (piped.length > 0) {
				throw new TemplateError('only a function can follow |');
			}

			return this.#operand(first!);
		}

		if (first.name === 'and' || first.name === 'or') {
			return this.#logic(first.name, more, piped);
		}

		return this.#call(first.name, [...more.map(operand => this.#operand(operand)), ...piped]);
	}

	/** As in Go, what a function cannot do fails the template, not the program. */
	#call(name: string, values: readonly TemplateValue[]): TemplateValue {
		try {
			return this.#functions.get(name)!(...values);
		} catch (error) {
			throw error instanceof RangeError || error instanceof URIError ? new TemplateError(`${name}: ${error.message}`) : error;
		}
	}

	/** Later arguments are evaluated only if they decide. */
	#logic(name: 'and' | 'or', operands: readonly TemplateOperand[], piped: readonly TemplateValue[]): TemplateValue {
		let value: TemplateValue;
		for (const operand of operands) {
			value = this.#operand(operand);
			if (isTrue(value) === (name === 'or')) {
				return value;
			}
		}

		return piped.length > 0 ? piped[0] : value;
	}

	#operand(operand: TemplateOperand): TemplateValue {
		switch (operand.kind) {
			case 'literal': {
				return operand.value;
			}

			case 'dot': {
				return this.#fields(this.#dot, operand.names);
			}

			case 'variable': {
				return this.#fields(this.#scopes.findLast(scope => scope.has(operand.name))!.get(operand.name), operand.names);
			}

			case 'pipe': {
				return this.#fields(this.#pipe(operand.pipe), operand.names);
			}

			case 'function': {
				return this.#command([operand], []);
			}
		}
	}

	#fields(value: TemplateValue, names: readonly string[]): TemplateValue {
		let found = value;
		for (const name of names) {
			if (found === this.#data) {
				found = this.#dataField(name);
				continue;
			}

			if (found === null || found === undefined) {
				return undefined;
			}

			if (!isMap(found)) {
				throw new TemplateError(`${formatValue(found)} has no field .${name}`);
			}

			found = Object.hasOwn(found, name) ? found[name] : undefined;
		}

		return found;
	}

	#dataField(name: string): TemplateValue {
		if (!Object.hasOwn(this.#data, name)) {
			throw new UnknownFieldError(
				`unknown field .${name}; a line has ${Object.keys(this.#data)
					.map(field => `.${field}`)
					.join(', ')}`,
			);
		}

		return (this.#data as Readonly<Record<string, unknown>>)[name];
	}

	#set(name: string, value: TemplateValue, isNew: boolean): void {
		const scope = isNew ? this.#scopes.at(-1)! : this.#scopes.findLast(one => one.has(name))!;
		scope.set(name, value);
	}
}

function entriesOf(value: TemplateValue): ReadonlyArray<readonly [string | number, TemplateValue]> {
	if (Array.isArray(value)) {
		return value.map((one, index) => [index, one] as const);
	}

	if (isMap(value)) {
		return Object.entries(value).toSorted(([one], [other]) => (one < other ? -1 : 1));
	}

	if (value === null || value === undefined) {
		return [];
	}

	throw new TemplateError(`{{range}} needs a list or a map, not ${formatValue(value)}`);
}
