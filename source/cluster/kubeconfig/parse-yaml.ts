/** YAML parsing with the types of Kubernetes' Go reader. */
import {type Document, isCollection, parseAllDocuments, type Tags, visit} from 'yaml';

/** The parser itself would recurse until the stack ends. */
const maxDepth = 100;

/** Maps are `Map`s, so that no key can reach a prototype. */
export type PlainValue = null | boolean | number | bigint | string | readonly PlainValue[] | ReadonlyMap<unknown, PlainValue>;

/**
As sigs.k8s.io/yaml. Aliases multiply nodes at most a hundredfold.
@throws Error with a one-line message that contains none of the text's values
*/
export function parseYaml(text: string): PlainValue {
	if (isTooDeep(text)) {
		throw new Error('nested too deeply');
	}

	try {
		// As in Go, only the first document counts.
		const [document] = parseAllDocuments(text, {
			version: '1.1',
			customTags: goTags,
			uniqueKeys: false,
			prettyErrors: false,
			logLevel: 'error',
			strict: false,
			keepSourceTokens: false,
		});
		if (!document) {
			return null;
		}

		const firstError = document.errors.find(({pos}) => pos[0] < endOfRoot(document));
		if (firstError) {
			throw new Error(`${withoutText(firstError.message)}${lineOf(text, firstError.pos[0])}`);
		}

		assertYaml11(document, text);
		return assertDepth(document.toJS({mapAsMap: true, maxAliasCount: 100}) as PlainValue, 0);
	} catch (error) {
		const message = error instanceof RangeError ? 'nested too deeply' : withoutText((error as Error).message);
		throw new Error(message, {cause: error});
	}
}

/** If the root is a flow collection, Go ignores all text after its closing bracket. */
function endOfRoot({contents}: Document): number {
	return isCollection(contents) && contents.flow ? (contents.range?.[1] ?? Infinity) : Infinity;
}

/** Rejects what the library accepts and Go does not. */
function assertYaml11(document: Document, text: string): void {
	const {explicit = false, version} = document.directives?.yaml ?? {};
	if (explicit && version !== '1.1') {
		throw new Error('found incompatible YAML document');
	}

	visit(document, {
		Scalar(_, {type, range}) {
			if (type === 'QUOTE_DOUBLE' && range && /\\u[dD][89a-fA-F]/.test(text.slice(range[0], range[1]))) {
				throw new Error('found invalid Unicode character escape code');
			}
		},
	});
}

/** The library quotes the text after a colon, which may be a password. */
function withoutText(message: string): string {
	return message.split(/[:\n]/, 1)[0]!;
}

/** An alias of itself nests without end. */
function assertDepth(value: PlainValue, depth: number): PlainValue {
	if (depth > maxDepth) {
		throw new RangeError('nested too deeply');
	}

	for (const inner of value instanceof Map ? value.values() : Array.isArray(value) ? value : []) {
		assertDepth(inner as PlainValue, depth + 1);
	}

	return value;
}

/** As in Go, a date is text, 12:30:45 is not a number of base 60, and `e1` is not a number. */
function goTags(tags: Tags): Tags {
	return [
		...tags
			.filter(tag => typeof tag === 'string' || tag.tag !== binary.tag)
			.filter(tag => typeof tag === 'string' || !(('format' in tag && tag.format === 'TIME') || tag.tag === 'tag:yaml.org,2002:timestamp'))
			.map(tag =>
				typeof tag !== 'string' && 'format' in tag && tag.format === 'EXP'
					? {...tag, test: /^[-+]?(?:\.\d+|\d[\d_]*(?:\.[\d_]*)?)e[-+]?\d+$/i}
					: tag,
			),
		binary,
		octal,
	] as Tags;
}

const binary = {
	tag: 'tag:yaml.org,2002:binary',
	resolve(text: string, onError: (message: string) => void): string {
		if (!/^[a-z\d+/\s]*={0,2}\s*$/i.test(text)) {
			onError('!!binary value contains invalid base64 data');
		}

		return Buffer.from(text, 'base64').toString();
	},
};

/** Octal numbers of YAML 1.2, which Go reads too. */
const octal = {
	tag: 'tag:yaml.org,2002:int',
	default: true,
	format: 'OCT',
	test: /^[-+]?0o[0-7_]+$/,
	resolve: (text: string) => Number.parseInt(text.replaceAll('_', '').replace('0o', ''), 8),
};

function isTooDeep(text: string): boolean {
	return /[[{](?:[\s,"\w:&*!-]*[[{]){100}/.test(text) || new RegExp(`(?:- ){${maxDepth}}|(?:\\? ){${maxDepth}}`).test(text);
}

function lineOf(text: string, position: number): string {
	return ` at line ${text.slice(0, position).split('\n').length}`;
}
