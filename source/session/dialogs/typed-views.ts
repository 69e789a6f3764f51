/** Palette commands that show a view or a tail, and the arguments of all: what a command does not take is refused. */
import {findResource, targetResources, type TargetResource} from '../../cluster/targets/resource-names.ts';
import {openTypedNamespace, namespaceError} from '../frame/navigation-handlers.ts';
import type {ViewName} from '../frame/session-state.ts';
import type {Session} from '../frame/session.ts';
import {showView} from '../lists/list-handlers.ts';
import {isListName, listNames} from '../lists/list-kinds.ts';
import {openTail, typedTailPlace} from '../tail/open-tail.ts';
import {containerFlag} from '../../base/command-line/connection-flags.ts';
import type {FlagSpec, FlagValues, ParsedCommandLine} from '../../base/command-line/flag-spec.ts';
import {parseCommandLine} from '../../base/command-line/parse-command-line.ts';
import {toSpokeError} from '../../base/errors/spoke-error.ts';
import {rowSelectorError} from '../lists/row-filter.ts';

export const noCommand = 'unknown command:';

export const views: readonly ViewName[] = [...listNames, 'forwards', 'proxy', 'audit', 'sandbox'];

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

const wordsOf = (isOf: (resource: TargetResource) => boolean) =>
	targetResources.filter(resource => isOf(resource)).flatMap(({names: words}) => words);
const ownList: readonly string[] = ['pods', 'services', 'nodes'];
/** Other words for a view: kubectl's and k9s's. */
export const viewAliases: ReadonlyMap<string, readonly string[]> = new Map([
	...ownList.map(name => [name, wordsOf(({plural}) => plural === name)] as const),
	['workloads', [...wordsOf(({plural}) => !ownList.includes(plural)), 'dp']],
	['events', ['events', 'event', 'ev']],
	['forwards', ['pf']],
]);

export function showTypedView(session: Session, word: string, flags: readonly string[]): void {
	const view = viewOf(word);
	if (view === null) {
		session.showMessage(leftOut(word) ?? `${noCommand} ${word}`, 'warn');
		return;
	}

	const asked = parseListArguments(flags);
	if ('fault' in asked) {
		session.showMessage(asked.fault, 'warn');
		return;
	}

	if (asked.selector !== undefined) {
		if (!isListName(view)) {
			session.showMessage(`${word} cannot be filtered by labels`, 'warn');
			return;
		}

		session.store.dispatchNow({type: 'list', list: view, event: {type: 'filter', text: `-l ${asked.selector}`}});
	}

	if (asked.namespace !== undefined) {
		openTypedNamespace(session, asked.namespace);
	}

	showView(session, view);
}

const changes = /^(?:annotate|apply|cordon|create|delete|del|drain|edit|kill|label|patch|replace|restart|rm|rollout|scale|taint|uncordon)$/;
const otherResources =
	/^(?:cm|configmaps?|secrets?|ing|ingress(?:es)?|pvc?|sa|serviceaccounts?|sc|hpa|pdb|ep|endpoints|quota|roles?|crds?|csr|leases?)$/;

function leftOut(word: string): string | null {
	if (changes.test(word)) {
		return 'spoke does not delete, edit or scale, on purpose: use kubectl';
	}

	return otherResources.test(word)
		? `no view of ${word}: spoke lists only ${listNames.slice(0, -1).join(', ')} and ${listNames.at(-1)}`
		: null;
}

/** kubectl's list names, and k9s's where they differ. */
function viewOf(word: string): ViewName | null {
	const plural = findResource(word)?.plural ?? word;
	return views.find(view => view === word || viewAliases.get(view)?.includes(plural)) ?? null;
}

/** `:tail`, with the flags of `spoke tail` that choose its logs. */
export function openTypedTail(session: Session, {words: targets, flags}: PaletteArguments): void {
	const {selector = null, namespace, container} = flags;
	const fault = faultOf({words: targets, flags});
	if (fault !== null) {
		session.showMessage(fault, 'warn');
		return;
	}

	const place = flags['all-namespaces'] ? null : namespace;
	openTail(
		session,
		{
			...typedTailPlace(session, {isSelector: selector !== null}),
			...(place !== undefined && {namespace: place}),
			targets,
			selector,
			containers: flags['all-containers'] ? {kind: 'all'} : container === undefined ? {kind: 'default'} : {kind: 'named', name: container},
		},
		{previous: flags.previous},
	);
}

function faultOf({words, flags}: Pick<PaletteArguments, 'words' | 'flags'>): string | null {
	const {selector, namespace, container} = flags;
	if (words.length === 0 && selector === undefined) {
		return 'type :tail pod/NAME';
	}

	if (words.length > 0 && selector !== undefined) {
		return ':tail takes either a target or -l';
	}

	if (flags['all-namespaces'] && (selector === undefined || namespace !== undefined)) {
		return selector === undefined ? '-A requires -l: a target is in one namespace' : ':tail takes either -A or -n';
	}

	return flags['all-containers'] && container !== undefined ? ':tail takes either -a or -c' : null;
}

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

	const fault = listFault(names, selector);
	if (fault !== null) {
		return {fault};
	}

	const [name] = names;
	return {...(name !== undefined && {namespace: name}), ...(selector !== null && {selector})};
}

function listFault(names: ReadonlyArray<string | null>, selector: string | null): string | null {
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
