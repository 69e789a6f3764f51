/** Arguments of a palette command. No flag is ignored: what a command does not take is refused. */
import {containerFlag} from '../../command-line/common-flags.ts';
import type {FlagSpec, FlagValues, ParsedCommandLine} from '../../command-line/flag-spec.ts';
import {parseCommandLine} from '../../command-line/parse-command-line.ts';
import {toSpokeError} from '../../errors/spoke-error.ts';
import {namespaceError} from '../clusters/navigation.ts';
import {rowSelectorError} from '../lists/row-filter.ts';

/** The flags of all palette commands, with kubectl's meanings. */
const flagSpecs = [
	{name: 'namespace', short: 'n', kind: 'string', help: 'the namespace of the target'},
	{name: 'all-namespaces', short: 'A', kind: 'boolean', help: 'all namespaces'},
	{name: 'selector', short: 'l', kind: 'string', help: 'all pods with these labels'},
	containerFlag(),
	{name: 'all-containers', short: 'a', kind: 'boolean', help: 'all containers of each pod'},
	{name: 'previous', short: 'p', kind: 'boolean', help: 'the log of the previous container instance'},
	{name: 'follow', short: 'f', kind: 'boolean', hidden: true, help: 'a tail always follows'},
	{name: 'stdin', short: 'i', kind: 'boolean', hidden: true, help: 'a shell always has stdin'},
	{name: 'tty', short: 't', kind: 'boolean', hidden: true, help: 'a shell always has a terminal'},
	{name: 'record-input', kind: 'boolean', help: 'with what is typed'},
] as const satisfies readonly FlagSpec[];

type PaletteFlag = (typeof flagSpecs)[number]['name'];

/** `maxWords`: by default 1, and none if it takes nothing. `other`: where to find what the command has no flag for. */
export type PaletteSyntax = {word: string; takes: string; flags?: readonly PaletteFlag[]; maxWords?: number; other?: string};

export type PaletteArguments = {
	words: readonly string[];
	flags: FlagValues<typeof flagSpecs>;
	isEmpty: boolean;
};

/** Namespace: `null` means all, `undefined` unchanged. */
type ListArguments = {namespace?: string | null; selector?: string};

export function parsePaletteArguments(syntax: PaletteSyntax, typed: readonly string[]): PaletteArguments | {fault: string} {
	const {word, takes, flags: names = [], maxWords = takes === '' ? 0 : 1} = syntax;
	const specs = flagSpecs.filter(({name}) => names.includes(name)) as unknown as typeof flagSpecs;
	let parsed: ParsedCommandLine<typeof flagSpecs>;
	try {
		parsed = parseCommandLine(specs, names.includes('selector') ? withSelectorInOne(typed) : typed);
	} catch (thrown) {
		return {fault: `:${word}: ${toSpokeError(thrown).message}; ${adviceOn(syntax, specs, typed)}`};
	}

	const {positionals: words, afterDash, flags} = parsed;
	const surplus = words[maxWords];
	if (afterDash !== undefined) {
		return {fault: `:${word}: unknown argument --; ${adviceOn(syntax, specs, typed)}`};
	}

	if (surplus !== undefined) {
		return {fault: `:${word}: unknown argument ${surplus}; it takes ${takes === '' ? 'none' : takes}`};
	}

	const fault =
		(flags.namespace === undefined ? null : namespaceError(flags.namespace)) ??
		(flags.selector === undefined ? null : rowSelectorError(flags.selector));
	return fault === null ? {words, flags, isEmpty: typed.length === 0} : {fault};
}

/** A selector may contain spaces. */
function withSelectorInOne(typed: readonly string[]): readonly string[] {
	const {selector, rest} = takeSelector(typed);
	return selector === null ? rest : [`--selector=${selector}`, ...rest];
}

function adviceOn({other}: PaletteSyntax, specs: readonly FlagSpec[], typed: readonly string[]): string {
	if (typed.some(text => /^--context(?:=|$)/.test(text))) {
		return 'switch the context with :ctx NAME';
	}

	const shown = specs.filter(({hidden}) => !hidden).map(({name, short}) => (short === undefined ? `--${name}` : `-${short}`));
	const taken = shown.length === 0 ? 'it takes no flags' : `it takes ${shown.join(', ')}`;
	return other === undefined ? taken : `${taken}; ${other}`;
}

/** Arguments of a list command with kubectl's flags. */
export function parseListArguments(words: readonly string[]): ListArguments | {fault: string} {
	const {selector, rest} = takeSelector(words);
	const names: Array<string | null> = [];
	for (let at = 0; at < rest.length; at++) {
		const word = rest[at]!;
		const [, given] = /^--namespace=(.*)$/.exec(word) ?? [];
		if (word === '-A' || word === '--all-namespaces' || word === '*') {
			names.push(null);
		} else if (word === '-n' || word === '--namespace') {
			names.push(rest[++at] ?? '');
		} else if (given === undefined && word.startsWith('-')) {
			return {fault: `unknown argument ${word}: use a namespace, -A or -l SELECTOR`};
		} else {
			names.push(given ?? word);
		}
	}

	const fault = faultOf(names, selector);
	if (fault !== null) {
		return {fault};
	}

	const [name] = names;
	return {...(name !== undefined && {namespace: name}), ...(selector !== null && {selector})};
}

function faultOf(names: ReadonlyArray<string | null>, selector: string | null): string | null {
	if (names.length > 1) {
		return 'give one namespace, or -A for all';
	}

	const [name = null] = names;
	const ofName = name === null ? null : namespaceError(name);
	return ofName ?? (selector === null ? null : rowSelectorError(selector));
}

/** A selector may contain spaces: `-l app in (a, b) -A`. */
export function takeSelector(words: readonly string[]): {selector: string | null; rest: readonly string[]} {
	const at = words.findIndex(word => /^(?:-l|--selector(?:=|$))/.test(word));
	if (at < 0) {
		return {selector: null, rest: words};
	}

	const end = words.findIndex((word, index) => index > at && word.startsWith('-'));
	const own = words.slice(at, end < 0 ? undefined : end);
	return {
		selector: own.join(' ').replace(/^(?:-l|--selector)=?\s*/, ''),
		rest: [...words.slice(0, at), ...(end < 0 ? [] : words.slice(end))],
	};
}
