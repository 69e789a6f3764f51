/** Label selectors: text form, inverse and validation. */
import type {LabelSelector} from './pod-object.ts';

/**
`undefined` matches nothing, as a missing selector in Kubernetes.
@see https://github.com/kubernetes/kubernetes/blob/v1.36.3/staging/src/k8s.io/apimachinery/pkg/apis/meta/v1/helpers.go
LabelSelectorAsSelector
*/
export function selectorText(selector: LabelSelector | undefined): string | undefined {
	if (!selector) {
		return undefined;
	}

	const labels = Object.entries(selector.matchLabels ?? {}).map(([key, value]) => `${key}=${value}`);
	const expressions = (selector.matchExpressions ?? []).map(({key, operator, values = []}) => {
		switch (operator) {
			case 'In': {
				return `${key} in (${values.join(',')})`;
			}

			case 'NotIn': {
				return `${key} notin (${values.join(',')})`;
			}

			case 'Exists': {
				return key;
			}

			default: {
				return `!${key}`;
			}
		}
	});
	return [...labels, ...expressions].join(',');
}

/**
`null` for several requirements and number comparisons, which have no inverse.
@see https://github.com/kubernetes/kubernetes/blob/v1.36.3/staging/src/k8s.io/apimachinery/pkg/labels/selector.go Requirement.Matches
*/
export function invertSelector(selector: string): string | null {
	const found =
		/^\s*(?<not>!)?\s*(?<key>[^\s=!(),<>]+)\s*(?:(?<sign>==?|!=)\s*(?<value>[^\s=!(),<>]*)|(?<set>in|notin)\s*(?<values>\([^)]*\)))?\s*$/.exec(
			selector,
		)?.groups;
	if (!found) {
		return null;
	}

	const {not, key, sign, value = '', set, values} = found;
	if (set !== undefined) {
		return `${key} ${set === 'in' ? 'notin' : 'in'} ${values}`;
	}

	return sign === undefined ? `${not === undefined ? '!' : ''}${key}` : `${key}${sign === '!=' ? '=' : '!='}${value}`;
}

/**
`null` for a valid selector.
@see https://github.com/kubernetes/kubernetes/blob/v1.36.3/staging/src/k8s.io/apimachinery/pkg/labels/selector.go Parser
*/
export function labelSelectorError(text: string): string | null {
	const tokens = new Tokens(text);
	try {
		do {
			readRequirement(tokens);
		} while (tokens.accept(','));

		return tokens.peek() === '' ? null : tokens.missing('","');
	} catch (thrown) {
		if (thrown instanceof SelectorError) {
			return thrown.message;
		}

		throw thrown;
	}
}

class SelectorError extends Error {}

class Tokens {
	readonly #tokens: readonly string[];
	#index = 0;

	constructor(text: string) {
		this.#tokens = text.match(/[^\s=!(),<>]+|==|!=|[=!(),<>]/g) ?? [];
	}

	peek(): string {
		return this.#tokens[this.#index] ?? '';
	}

	accept(token: string): boolean {
		const isNext = this.peek() === token;
		this.#index += isNext ? 1 : 0;
		return isNext;
	}

	readWord(description: string): string {
		const token = this.peek();
		if (token === '' || /^[=!(),<>]/.test(token)) {
			throw new SelectorError(this.missing(description));
		}

		this.#index++;
		return token;
	}

	missing(description: string): string {
		return `${description} is missing ${this.peek() === '' ? 'at the end' : `before ${this.#tokens.slice(this.#index).join('').slice(0, 20)}`}`;
	}
}

function readRequirement(tokens: Tokens): void {
	const isNot = tokens.accept('!');
	assertKey(tokens.readWord('a key'));
	const operator = tokens.peek();
	if (isNot || operator === '' || operator === ',') {
		return;
	}

	if (tokens.accept('in') || tokens.accept('notin')) {
		readSet(tokens);
	} else if (['=', '==', '!='].includes(operator)) {
		tokens.accept(operator);
		if (!['', ','].includes(tokens.peek())) {
			assertValue(tokens.readWord('a value'));
		}
	} else if (tokens.accept('<') || tokens.accept('>')) {
		const value = tokens.readWord('a number');
		if (!/^\d+$/.test(value)) {
			throw new SelectorError(`${value} is not a whole number, which ${operator} requires`);
		}
	} else {
		throw new SelectorError(tokens.missing('one of =, !=, in, notin'));
	}
}

function readSet(tokens: Tokens): void {
	if (!tokens.accept('(')) {
		throw new SelectorError(tokens.missing('"("'));
	}

	do {
		// An omitted value between commas is the empty value.
		if (![',', ')'].includes(tokens.peek())) {
			assertValue(tokens.readWord('a value'));
		}
	} while (tokens.accept(','));

	if (!tokens.accept(')')) {
		throw new SelectorError(tokens.missing('"," or ")"'));
	}
}

const name = /^[\da-z](?:[\w.-]*[\da-z])?$/i;

function assertKey(key: string): void {
	const parts = key.split('/');
	const own = parts.pop()!;
	const isPrefix =
		parts.length === 0 ||
		(parts.length === 1 && parts[0]!.length <= 253 && /^[\da-z](?:[\da-z-]*[\da-z])?(?:\.[\da-z](?:[\da-z-]*[\da-z])?)*$/.test(parts[0]!));
	if (!isPrefix || own.length > 63 || !name.test(own)) {
		throw new SelectorError(`${key} is not a valid label key`);
	}
}

function assertValue(value: string): void {
	if (value.length > 63 || !name.test(value)) {
		throw new SelectorError(`${value} is not a valid label value: use letters, digits, - _ . and at most 63 characters`);
	}
}
