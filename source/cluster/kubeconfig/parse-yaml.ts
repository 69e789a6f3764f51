/** YAML or JSON text as plain data, as Go's YAML reader in Kubernetes types it, with every bomb bounded. */
import {parseDocument, type Tags} from 'yaml';

/** Deeper nesting than any real document has; the parser itself would go on until the stack ends. */
const deepest = 100;

/** Maps are `Map`s, so no key of the file can reach a prototype. */
export type Plain = null | boolean | number | bigint | string | readonly Plain[] | ReadonlyMap<unknown, Plain>;

/**
YAML 1.1, as sigs.k8s.io/yaml reads it: `yes` is a boolean, `<<` merges, of two equal keys the last one counts.
Aliases may multiply nodes at most a hundredfold.
@throws Error whose message is one line and repeats nothing of the text's values
*/
export function parseYaml(text: string): Plain {
	if (tooDeep(text)) {
		throw new Error('nested too deeply');
	}

	try {
		const document = parseDocument(text, {
			version: '1.1',
			customTags: goTags,
			uniqueKeys: false,
			prettyErrors: false,
			logLevel: 'error',
			strict: false,
			keepSourceTokens: false,
		});
		const [wrong] = document.errors;
		if (wrong) {
			throw new Error(`${withoutText(wrong.message)}${lineOf(text, wrong.pos[0])}`);
		}

		return notTooDeep(document.toJS({mapAsMap: true, maxAliasCount: 100}) as Plain, 0);
	} catch (error) {
		const message = error instanceof RangeError ? 'nested too deeply' : withoutText((error as Error).message);
		throw new Error(message, {cause: error});
	}
}

/** The library quotes behind a colon what it could not read: a password may begin with `*` or `|`. */
function withoutText(message: string): string {
	return message.split(/[:\n]/, 1)[0]!;
}

/** An alias of itself has no end either. */
function notTooDeep(value: Plain, depth: number): Plain {
	if (depth > deepest) {
		throw new RangeError('nested too deeply');
	}

	for (const inner of value instanceof Map ? value.values() : (Array.isArray(value) ? value : [])) {
		notTooDeep(inner as Plain, depth + 1);
	}

	return value;
}

/** In Go a date stays text where text is asked for, 12:30:45 is no number of base sixty, and `e1` is no number at all. */
function goTags(tags: Tags): Tags {
	return tags
		.filter(tag => typeof tag === 'string' || !(('format' in tag && tag.format === 'TIME') || tag.tag === 'tag:yaml.org,2002:timestamp'))
		.map(tag => typeof tag !== 'string' && 'format' in tag && tag.format === 'EXP' ? {...tag, test: /^[-+]?(?:\.\d+|\d[\d_]*(?:\.[\d_]*)?)e[-+]?\d+$/i} : tag) as Tags;
}

/** Counts brackets and indentation, coarsely: enough to keep the recursive parser from the end of its stack. */
function tooDeep(text: string): boolean {
	return /[[{](?:[\s,"\w:&*!-]*[[{]){100}/.test(text) || new RegExp(`(?:- ){${deepest}}|(?:\\? ){${deepest}}`).test(text);
}

function lineOf(text: string, position: number): string {
	return ` at line ${text.slice(0, position).split('\n').length}`;
}
