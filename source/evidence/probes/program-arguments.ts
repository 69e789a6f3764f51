/** The arguments of one program in a container's command line. */

export type ProgramArguments = {
	args: readonly string[];
	/** Nothing unseen can add arguments. */
	isComplete: boolean;
	/** Nothing else runs, so the program's environment is the container's. */
	runsAlone: boolean;
};

const noArguments: ProgramArguments = {args: [], isComplete: false, runsAlone: false};

/**
Also after a launcher (`go-runner --log-file=… kube-apiserver --a=b`) or in a shell script. Without the program's name (the image's entry
point runs), nothing is known. In a script that names it twice, either may run.
*/
export function extractProgramArguments(command: readonly string[], args: readonly string[], program: string): ProgramArguments {
	const words = [...command, ...args];
	const script = scriptIn(words);
	if (script === undefined) {
		return {...argumentsAfter(words, program), runsAlone: true};
	}

	const commands = simpleCommands(script);
	const own = commands?.filter(one => nameAt(one, program) >= 0) ?? [];
	return own.length === 1 ? {...argumentsAfter(own[0]!, program), runsAlone: commands!.length === 1} : noArguments;
}

/** `hyperkube` contained all programs, selected by the second argument. */
function argumentsAfter(words: readonly string[], program: string): Pick<ProgramArguments, 'args' | 'isComplete'> {
	const at = nameAt(words, program);
	const own = at < 0 ? [] : words.slice(at + 1);
	// A variable or command substitution may be any number of arguments.
	return {args: own, isComplete: at >= 0 && own.every(word => !/[$`]/.test(word))};
}

function nameAt(words: readonly string[], program: string): number {
	return words.findIndex(word => [program, 'hyperkube'].includes(word.split('/').at(-1)!));
}

/** After the first option with a `c`. */
function scriptIn(words: readonly string[]): string | undefined {
	const isShell = /^(?:ba|da|a|k|z)?sh$/.test((words[0] ?? '').split('/').at(-1)!);
	const at = isShell ? words.findIndex((word, index) => index > 0 && /^-[a-z]*c[a-z]*$/.test(word)) : -1;
	return at < 0 ? (isShell ? '' : undefined) : (words[at + 1] ?? '');
}

/** A word, with its quoted parts; a comment begins where a word does; a redirection is not a word. */
const token =
	/(?<gap>[ \t]+|\\\n)|(?<comment>#[^\n]*)|(?<redirection>\d*[<>]{1,2}&?[ \t]*[^\s;&|()<>]*)|(?<end>\n|;|&&?|\|\|?|[()]|[{}](?=[\s;]|$))|(?<word>(?:'[^']*'|"(?:[^"\\]|\\[\s\S])*"|\\[\s\S]|[^\s;&|()<>'"\\])+)|(?<rest>[\s\S])/gy;

/** As unquoted words; `undefined` if the script cannot be parsed to its end. @see POSIX.1 XCU 2.3 */
function simpleCommands(script: string): ReadonlyArray<readonly string[]> | undefined {
	const commands: string[][] = [[]];
	for (const {groups = {}} of script.matchAll(token)) {
		if (groups['rest'] !== undefined) {
			return undefined;
		}

		if (groups['end'] !== undefined) {
			commands.push([]);
		} else if (groups['word'] !== undefined) {
			commands.at(-1)!.push(unquoted(groups['word']));
		}
	}

	return commands.filter(words => words.length > 0);
}

function unquoted(word: string): string {
	return word.replaceAll(
		/'([^']*)'|"((?:[^"\\]|\\[\s\S])*)"|\\([\s\S])/g,
		(_, single?: string, double?: string, escaped?: string) => single ?? double?.replaceAll(/\\(["$\\`])/g, '$1') ?? escaped ?? '',
	);
}
