/** Arguments of a list command with kubectl's flags. */
import {rowSelectorError} from '../lists/row-filter.ts';
import {namespaceError} from '../clusters/typed-namespace.ts';

/** Namespace: `null` means all, `undefined` unchanged. */
export type ListArguments = {namespace?: string | null; selector?: string};

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
