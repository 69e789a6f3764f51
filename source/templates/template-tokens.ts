/** Tokens of a Go template. @see https://pkg.go.dev/text/template */

export type TemplateToken =
	| {kind: 'literal'; value: string | number}
	/** `name` without its dot or dollar sign. `isAttached`: no space before it, so it belongs to a closing parenthesis before it. */
	| {kind: 'field'; name: string; isAttached: boolean}
	| {kind: 'variable' | 'word'; name: string}
	| {kind: 'dot'}
	| {kind: 'sign'; text: ':=' | '=' | '|' | '(' | ')' | ','};

/** Text outside of `{{` and `}}`, or the tokens inside. */
export type TemplateSegment = {text: string} | {tokens: readonly TemplateToken[]};

/** `message` is one line without a final period. */
export class TemplateError extends Error {}

/** @throws TemplateError */
export function tokenizeTemplate(template: string): readonly TemplateSegment[] {
	const segments: TemplateSegment[] = [];
	let trimsNext = false;
	for (let at = 0; at < template.length;) {
		const open = template.indexOf('{{', at);
		const end = open < 0 ? template.length : open;
		const trimsThis = open >= 0 && /^-\s/.test(template.slice(open + 2, open + 4));
		const text = template.slice(at, end);
		const started = trimsNext ? text.trimStart() : text;
		const trimmed = trimsThis ? started.trimEnd() : started;
		if (trimmed !== '') {
			segments.push({text: trimmed});
		}

		if (open < 0) {
			break;
		}

		const action = readAction(template, open + (trimsThis ? 3 : 2));
		if (action.tokens.length > 0 || !action.isComment) {
			segments.push({tokens: action.tokens});
		}

		trimsNext = action.trimsNext;
		at = action.end;
	}

	return segments;
}

const actionEnd = /(\s-)?\}\}/y;
const comment = /\/\*[\s\S]*?\*\//y;
const tokenPattern =
	/(?<space>\s+)|(?<text>"(?:[^"\\\n]|\\.)*"|`[^`]*`)|(?<character>'(?:[^'\\\n]|\\[^\n][^'\n]*)')|(?<number>[+-]?(?:0[xX][\da-fA-F]+|\d+(?:\.\d*)?(?:[eE][+-]?\d+)?))|\$(?<variable>\w*)|\.(?<field>[\p{L}_][\p{L}\d_]*)|(?<dot>\.)|(?<word>[\p{L}_][\p{L}\d_]*)|(?<sign>:=|[=|(),])/uy;

type Action = {tokens: TemplateToken[]; isComment: boolean; trimsNext: boolean; end: number};

function readAction(template: string, from: number): Action {
	const tokens: TemplateToken[] = [];
	let isComment = false;
	let hasSpace = true;
	for (let at = from; at < template.length;) {
		const end = matchAt(actionEnd, template, at);
		if (end !== null) {
			return {tokens, isComment, trimsNext: end[1] !== undefined, end: at + end[0].length};
		}

		const commented = matchAt(comment, template, at);
		if (commented !== null) {
			isComment = true;
			at += commented[0].length;
			continue;
		}

		const found = matchAt(tokenPattern, template, at);
		if (found === null) {
			throw new TemplateError(
				`unexpected ${JSON.stringify(template.slice(at, at + 1))} after ${JSON.stringify(template.slice(from - 2, at))}`,
			);
		}

		const {space, ...groups} = found.groups!;
		if (space === undefined) {
			tokens.push(tokenOf(groups, !hasSpace));
		}

		hasSpace = space !== undefined;
		at += found[0].length;
	}

	throw new TemplateError(`{{ without }}: ${JSON.stringify(template.slice(from - 2, from + 30))}`);
}

function matchAt(pattern: RegExp, text: string, at: number): RegExpExecArray | null {
	pattern.lastIndex = at;
	return pattern.exec(text);
}

function tokenOf(groups: Partial<Record<string, string>>, isAttached: boolean): TemplateToken {
	const {text, character, number, variable, field, dot, word, sign} = groups;
	if (text !== undefined) {
		return {kind: 'literal', value: text.startsWith('`') ? text.slice(1, -1) : unescape(text.slice(1, -1))};
	}

	if (character !== undefined) {
		return {kind: 'literal', value: unescape(character.slice(1, -1)).codePointAt(0) ?? 0};
	}

	if (number !== undefined) {
		return {kind: 'literal', value: Number(number)};
	}

	if (field !== undefined) {
		return {kind: 'field', name: field, isAttached};
	}

	if (dot !== undefined) {
		return {kind: 'dot'};
	}

	if (variable !== undefined) {
		return {kind: 'variable', name: variable};
	}

	return word === undefined ? {kind: 'sign', text: sign as Extract<TemplateToken, {kind: 'sign'}>['text']} : {kind: 'word', name: word};
}

const escapes: Readonly<Record<string, string>> = {
	a: '\u0007',
	b: '\b',
	f: '\f',
	n: '\n',
	r: '\r',
	t: '\t',
	v: '\v',
	'\\': '\\',
	'"': '"',
	"'": "'",
};

const lastCodePoint = 0x10_ff_ff;

/** Go's escapes. */
function unescape(text: string): string {
	return text.replaceAll(/\\(?:x([\da-fA-F]{2})|u([\da-fA-F]{4})|U([\da-fA-F]{8})|([0-7]{3})|(.))/g, (whole, ...parts: string[]) => {
		const [byte, short, long, octal, letter] = parts;
		const hex = byte ?? short ?? long;
		const code = Number.parseInt(hex ?? octal ?? '', hex === undefined ? 8 : 16);
		const escaped = code <= lastCodePoint ? String.fromCodePoint(code) : escapes[letter ?? ''];
		if (escaped === undefined) {
			throw new TemplateError(`unknown escape ${whole}`);
		}

		return escaped;
	});
}
