/** Completions of a command line from the specs. */
import {connectionFlags} from '../../base/command-line/connection-flags.ts';
import {describeFlag, type FlagSpec} from '../../base/command-line/flag-spec.ts';
import {parseCommandLine} from '../../base/command-line/parse-command-line.ts';
import type {CommandSpec} from '../command.ts';
import {forwardsVerbs} from '../forwards/spec.ts';
import {schemaNames} from '../schema/spec.ts';

export type CompletionItem = {word: string; description: string};
export type NameCompletion = {
	kind: NonNullable<FlagSpec['completes']> | 'port' | 'detached-forward';
	prefix: string;
	leadingText: string;
	/** Prefixes of target names. */
	kinds?: readonly string[];
	/** What follows a complete name. */
	trailingText?: string;
	/** Of several names, separated by commas, the last one is being typed. */
	isList?: boolean;
};
type CompletionResult = {
	offers: readonly CompletionItem[];
	nameCompletion: NameCompletion | null;
	command: CommandSpec | null;
	rest: readonly string[];
};

const podKinds = ['pod/', 'deploy/', 'svc/', 'sts/', 'ds/', 'job/', 'cronjob/'];
const kindsByCommand = new Map<string, readonly string[]>([
	...['tail', 'exec', 'attach', 'debug', 'port-forward', 'cp'].map(name => [name, podKinds] as const),
	...['logs', 'path', 'doctor'].map(name => [name, [...podKinds, 'node/']] as const),
	['proxy', ['pod/', 'svc/', 'node/']],
]);
const firstArguments = new Map<string, readonly string[]>([
	['completion', ['bash', 'zsh', 'fish']],
	['forwards', forwardsVerbs],
	['proxy', ['get', 'head', 'post', 'put', 'patch', 'delete']],
	['schema', schemaNames],
]);
/** A word that can stand in place of a target. */
const wordsForTarget = new Map<string, readonly string[]>([['doctor', ['nodes']]]);
/** What can follow the first target; other commands accept only one. */
const afterTarget = new Map<string, NameCompletion['kind']>([
	['tail', 'target'],
	['logs', 'container'],
	['port-forward', 'port'],
]);

/** The last of `words` is being typed. */
export function completeLine(rows: readonly CommandSpec[], words: readonly string[]): CompletionResult {
	const typed = words.at(-1) ?? '';
	const before = words.slice(0, -1);
	const at = commandIndex(before);
	const name = at < 0 ? 'session' : before[at]!;
	const command = rows.find(row => row.name === name) ?? null;
	const none: CompletionResult = {offers: [], nameCompletion: null, command, rest: at < 0 ? words : words.toSpliced(at, 1)};
	if (name === 'help' && before.length === at + 1) {
		return {...none, offers: commandsFrom([...rows, {name: 'connection-flags', summary: 'the flags that find a cluster'}], typed)};
	}

	if (!command || before.includes('--')) {
		return none;
	}

	const last = findFlag(command.flags, before.at(-1));
	if (last && takesValue(last) && !before.at(-1)!.includes('=')) {
		const values = valuesOf(last, typed, '');
		// Any other word is not the value of such a flag.
		if (last.bare === undefined || values.offers.length > 0) {
			return {...none, ...values};
		}
	}

	const inline = /^(--[\w-]+)=(.*)$/s.exec(typed);
	if (inline) {
		const flag = findFlag(command.flags, inline[1]);
		return flag ? {...none, ...valuesOf(flag, inline[2]!, `${inline[1]}=`)} : none;
	}

	if (typed.startsWith('-')) {
		return {
			...none,
			offers: command.flags
				.filter(flag => !flag.hidden && `--${flag.name}`.startsWith(typed))
				.map(flag => ({word: `--${flag.name}`, description: describeFlag(flag)})),
		};
	}

	if (at < 0) {
		return {...none, offers: commandsFrom(rows, typed)};
	}

	const given = firstArguments.get(name);
	if (given && before.slice(at + 1).every(word => word.startsWith('-'))) {
		return {...none, offers: matching(given, typed)};
	}

	const positionals = positionalsOf(command, none.rest);
	if (name === 'forwards') {
		return {...none, nameCompletion: forwardsCompletion(positionals, typed)};
	}

	const kinds = kindsByCommand.get(name);
	if (!kinds) {
		return none;
	}

	const position = positionals.length;
	if (name === 'cp') {
		return {...none, nameCompletion: copyCompletion(positionals, typed, kinds)};
	}

	return {
		...none,
		offers: position === 0 ? matching(wordsForTarget.get(name) ?? [], typed) : [],
		nameCompletion: nameCompletionAt(position - (name === 'proxy' ? 1 : 0), {name, typed, kinds}),
	};
}

function forwardsCompletion([verb, ...names]: readonly string[], typed: string): NameCompletion | null {
	if (verb === 'check') {
		return names.length === 0 ? {kind: 'forward-set', prefix: typed, leadingText: ''} : null;
	}

	const takesName = verb === 'stop' || (verb === 'logs' && names.length === 0);
	return takesName ? {kind: 'detached-forward', prefix: typed, leadingText: ''} : null;
}

/** One of two paths is in a pod. A word that can be a local path, or has a path in a pod, is for the shell to complete. */
function copyCompletion(before: readonly string[], typed: string, kinds: readonly string[]): NameCompletion | null {
	const isComplete = before.length > 1 || before.some(word => word.includes(':'));
	return isComplete || /^[./~]|:/.test(typed) ? null : {kind: 'target', prefix: typed, leadingText: '', kinds, trailingText: ':'};
}

function nameCompletionAt(
	position: number,
	{name, typed, kinds}: {name: string; typed: string; kinds: readonly string[]},
): NameCompletion | null {
	const kind = position <= 0 ? 'target' : afterTarget.get(name);
	if (kind === undefined || kind === 'target' || typed.includes('/')) {
		return kind === undefined ? null : {kind: 'target', prefix: typed, leadingText: '', kinds};
	}

	if (kind === 'container' && position > 1) {
		return null;
	}

	const lead = kind === 'port' ? typed.slice(0, typed.lastIndexOf(':') + 1) : '';
	return {kind, prefix: typed.slice(lead.length), leadingText: lead, kinds: lead === '' ? kinds : []};
}

function matching(words: readonly string[], typed: string, lead = ''): readonly CompletionItem[] {
	return words.filter(word => word.startsWith(typed)).map(word => ({word: lead + word, description: ''}));
}

function positionalsOf(command: CommandSpec, rest: readonly string[]): readonly string[] {
	try {
		return parseCommandLine<readonly FlagSpec[]>(command.flags, rest.slice(0, -1)).positionals;
	} catch {
		return [];
	}
}

function commandsFrom(rows: ReadonlyArray<Pick<CommandSpec, 'name' | 'summary'>>, typed: string): readonly CompletionItem[] {
	return rows.filter(row => row.name !== 'session' && row.name.startsWith(typed)).map(row => ({word: row.name, description: row.summary}));
}

/** Connection flags can precede the command. */
function commandIndex(words: readonly string[]): number {
	for (let index = 0; index < words.length; index++) {
		const word = words[index]!;
		if (!word.startsWith('-')) {
			return index;
		}

		const flag = findFlag(connectionFlags, word);
		index += flag && takesValue(flag) && !word.includes('=') ? 1 : 0;
	}

	return -1;
}

function findFlag(flags: readonly FlagSpec[], word: string | undefined): FlagSpec | undefined {
	return flags.find(
		flag => word === `--${flag.name}` || (flag.short !== undefined && word === `-${flag.short}`) || word?.startsWith(`--${flag.name}=`),
	);
}

function takesValue({kind}: FlagSpec): boolean {
	return kind !== 'boolean';
}

function valuesOf(flag: FlagSpec, prefix: string, lead: string): Pick<CompletionResult, 'offers' | 'nameCompletion'> {
	const known = flag.oneOf ?? flag.suggests;
	if (flag.completes === 'theme') {
		return {offers: [], nameCompletion: {kind: 'theme', prefix, leadingText: lead, kinds: flag.suggests ?? []}};
	}

	if (known) {
		return {offers: matching(known, prefix, lead), nameCompletion: null};
	}

	return {
		offers: [],
		nameCompletion:
			flag.completes === undefined || flag.completes === 'file'
				? null
				: {kind: flag.completes, prefix, leadingText: lead, isList: flag.kind === 'texts'},
	};
}
