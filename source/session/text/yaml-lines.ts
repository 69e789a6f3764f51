/** YAML as `kubectl get -o yaml` prints it, without folded lines. */
import {Document, isScalar, LineCounter, parseDocument, Scalar, visit, type Pair} from 'yaml';
import {losslessNumberSource, isLosslessNumber} from '../../base/text/escaping.ts';

/** `key`: the range of the field name. */
export type YamlLine = {text: string; key: readonly [from: number, to: number] | null};

/** Quotes what YAML 1.1 would not read as text, and keeps all digits of numbers from `parseLosslessJson`. */
export function yamlLines(object: object): readonly YamlLine[] {
	const document = new Document(object, (_, value: unknown) => (isLosslessNumber(value) ? wholeOf(losslessNumberSource(value)) : value), {
		version: '1.1',
		sortMapEntries: true,
		aliasDuplicateObjects: false,
	});
	visit(document, {Scalar: quoteWhatIsNotSeen});
	const text = document.toString({indentSeq: false, lineWidth: 0});
	const keys = keysOf(text);
	return text
		.replace(/\n$/, '')
		.split('\n')
		.map((row, index) => ({text: row, key: keys.get(index) ?? null}));
}

function wholeOf(source: string): bigint | number {
	return /^-?\d+$/.test(source) ? BigInt(source) : Number(source);
}

/** A tab in a block scalar would look like spaces. */
function quoteWhatIsNotSeen(_: unknown, scalar: Scalar): void {
	if (typeof scalar.value === 'string' && /[^\n -~\u00A1-\u{10FFFF}]/u.test(scalar.value)) {
		scalar.type = Scalar.QUOTE_DOUBLE;
	}
}

function keysOf(text: string): ReadonlyMap<number, YamlLine['key']> {
	const counter = new LineCounter();
	const keys = new Map<number, YamlLine['key']>();
	visit(parseDocument(text, {lineCounter: counter, logLevel: 'silent', uniqueKeys: false}), {
		Pair(_: unknown, {key}: Pair) {
			const [from = 0, to = 0] = isScalar(key) ? (key.range ?? []) : [];
			const {line, col} = counter.linePos(from);
			if (to > from && counter.linePos(to).line === line) {
				keys.set(line - 1, [col - 1, col - 1 + to - from]);
			}
		},
	});
	return keys;
}
