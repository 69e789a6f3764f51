/** Forward files. */
import {readdirSync} from 'node:fs';
import {join} from 'node:path';
import {SpokeError} from '../errors/spoke-error.ts';
import {quoteForShell} from '../text/escaping.ts';
import {onPodLossFlag} from './connection-flags.ts';
import {parseCommandLine} from './parse-command-line.ts';
import {configDirectory} from './private-files.ts';

export type ForwardFileEntry = {
	target: string;
	/** `[LOCAL:]REMOTE`, at least one. */
	ports: readonly string[];
	/** `null`: that of the context. */
	namespace: string | null;
	/** `null`: the current context. */
	context: string | null;
	/** Empty: localhost, or the address of `host`. */
	addresses: readonly string[];
	/** Name of the local port, as of --host. */
	host: string | null;
	/** `null`: move, if the target has another pod. */
	onPodLoss: (typeof onPodLossFlag.oneOf)[number] | null;
};

const flagSpecs = [
	{name: 'context', kind: 'string', help: ''},
	{name: 'namespace', short: 'n', kind: 'string', help: ''},
	{name: 'address', kind: 'strings', help: ''},
	{name: 'host', kind: 'string', help: ''},
	onPodLossFlag,
] as const;

/**
Reads one `[--context NAME] [-n NAMESPACE] TARGET [LOCAL:]REMOTE…` per line, with the flags of `flagSpecs` and shell quoting;
`#` begins a comment. `check` throws for an entry that it rejects.
@throws SpokeError ERR_USAGE that names file and line
*/
export function parseForwardFile(text: string, file: string, check?: (line: ForwardFileEntry) => void): ForwardFileEntry[] {
	const {entries, problems} = readForwardFile(text, file, check);
	const [first] = problems;
	if (first) {
		throw first;
	}

	return entries;
}

/** As `parseForwardFile`, with the problem of each line. */
export function readForwardFile(
	text: string,
	file: string,
	check: (line: ForwardFileEntry) => void = () => undefined,
): {entries: ForwardFileEntry[]; problems: SpokeError[]} {
	const entries: ForwardFileEntry[] = [];
	const problems: SpokeError[] = [];
	for (const [index, line] of text.split(/\r?\n/).entries()) {
		const words = splitLine(line);
		if (words.length === 0) {
			continue;
		}

		try {
			const entry = parseEntry(words);
			check(entry);
			entries.push(entry);
		} catch (error) {
			problems.push(
				new SpokeError('ERR_USAGE', `${file}:${index + 1}: ${(error as Error).message}`, {
					remedy:
						'a line is [--context NAME] [-n NAMESPACE] TARGET [LOCAL:]REMOTE… [--address ADDRESSES|--host NAME] [--on-pod-loss move|exit]',
					cause: error,
				}),
			);
		}
	}

	return {entries, problems};
}

function parseEntry(words: readonly string[]): ForwardFileEntry {
	const {
		flags,
		positionals: [target, ...ports],
	} = parseCommandLine(flagSpecs, words);
	if (target === undefined || ports.length === 0) {
		throw new SpokeError('ERR_USAGE', target === undefined ? 'no target is given' : `no port is given for ${target}`);
	}

	return {
		target,
		ports,
		namespace: flags.namespace ?? null,
		context: flags.context ?? null,
		addresses: flags.address,
		host: flags.host ?? null,
		onPodLoss: flags['on-pod-loss'] ?? null,
	};
}

/** @throws SpokeError ERR_USAGE for a control character */
export function formatForwardEntry({target, ports, namespace, context, addresses, host, onPodLoss}: ForwardFileEntry): string {
	const flag = (name: string, value: string | null) => (value === null || value === '' ? [] : [name, value]);
	return [
		...flag('--context', context),
		...flag('-n', namespace),
		target,
		...ports,
		...flag('--address', addresses.join(',')),
		...flag('--host', host),
		...flag('--on-pod-loss', onPodLoss),
	]
		.map(word => quoteWord(word))
		.join(' ');
}

function quoteWord(word: string): string {
	if (/[\u0000-\u001F\u007F]/.test(word)) {
		throw new SpokeError('ERR_USAGE', `${JSON.stringify(word)} has a control character, which a file of forwards cannot contain`);
	}

	return quoteForShell(word);
}

/** Quotes group words, a backslash escapes the next character. */
function splitLine(line: string): string[] {
	const words: string[] = [];
	let word: string | null = null;
	for (const [part, single, double, escaped, blank] of line.matchAll(/'([^']*)'|"([^"]*)"|\\(.)|(\s+)|[^\s'"\\]+|./g)) {
		if (blank !== undefined) {
			words.push(...(word === null ? [] : [word]));
			word = null;
		} else if (word === null && part.startsWith('#')) {
			return words;
		} else {
			word = (word ?? '') + (single ?? double ?? escaped ?? part);
		}
	}

	return word === null ? words : [...words, word];
}

/** `null` without a home directory. */
export function forwardSetsDirectory(env: NodeJS.ProcessEnv): string | null {
	const directory = configDirectory(env);
	return directory === null ? null : join(directory, 'forwards');
}

/** In alphabetical order. */
export function forwardSetNames(env: NodeJS.ProcessEnv): string[] {
	const directory = forwardSetsDirectory(env);
	return directory === null
		? []
		: filesIn(directory)
				.filter(file => isForwardSetName(file))
				.sort();
}

/** Names of sets never start with a dot, as the name of a draft does. */
export function isForwardSetName(name: string): boolean {
	return /^\w[\w.-]{0,99}$/.test(name);
}

function filesIn(directory: string): string[] {
	try {
		// Skips pipes, because opening one blocks.
		return readdirSync(directory, {withFileTypes: true})
			.filter(one => one.isFile() || one.isSymbolicLink())
			.map(({name}) => name);
	} catch {
		return [];
	}
}
