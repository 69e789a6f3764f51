/** Which words of a container's command line are the arguments of the program in question, and are those all? */

export type ProgramArguments = {
	args: readonly string[];
	/** Nothing that is not seen can add to them. */
	isComplete: boolean;
	/** Nothing but the program is run: what it finds in its environment is the container's. */
	runsAlone: boolean;
};

const noArguments: ProgramArguments = {args: [], isComplete: false, runsAlone: false};

/**
`kube-apiserver --a=b`, also behind a launcher (`go-runner --log-file=… kube-apiserver --a=b`) or in a shell's script. Where the program is not named, as where an
image's own entry point runs, none is known; in a script that names it twice either may run.
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

/** `hyperkube` was all programs in one, by the name of the second word. */
function argumentsAfter(words: readonly string[], program: string): Pick<ProgramArguments, 'args' | 'isComplete'> {
	const at = nameAt(words, program);
	const own = at < 0 ? [] : words.slice(at + 1);
	// A variable, or what another command prints, may be no word or many.
	return {args: own, isComplete: at >= 0 && own.every(word => !/[$`]/.test(word))};
}

function nameAt(words: readonly string[], program: string): number {
	return words.findIndex(word => [program, 'hyperkube'].includes(word.split('/').at(-1)!));
}

/** What a shell is given to run: behind the first option that has a `c`. */
function scriptIn(words: readonly string[]): string | undefined {
	const isShell = /^(?:ba|da|a|k|z)?sh$/.test((words[0] ?? '').split('/').at(-1)!);
	const at = isShell ? words.findIndex((word, index) => index > 0 && /^-[a-z]*c[a-z]*$/.test(word)) : -1;
	return at < 0 ? (isShell ? '' : undefined) : (words[at + 1] ?? '');
}

/** A word, with what is quoted in it; before it a comment, which begins where a word does, and a redirection, which is none. */
const token =
	/(?<gap>[ \t]+|\\\n)|(?<comment>#[^\n]*)|(?<redirection>\d*[<>]{1,2}&?[ \t]*[^\s;&|()<>]*)|(?<end>\n|;|&&?|\|\|?|[()]|[{}](?=[\s;]|$))|(?<word>(?:'[^']*'|"(?:[^"\\]|\\[\s\S])*"|\\[\s\S]|[^\s;&|()<>'"\\])+)|(?<rest>[\s\S])/gy;

/** The simple commands of a script, each as its words without their quotes; `undefined` for one that is not read to its end. @see POSIX.1 XCU 2.3 */
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

/** In single quotes a `$` is a letter as any; it is taken for a variable all the same. */
function unquoted(word: string): string {
	return word.replaceAll(
		/'([^']*)'|"((?:[^"\\]|\\[\s\S])*)"|\\([\s\S])/g,
		(_, single?: string, double?: string, escaped?: string) => single ?? double?.replaceAll(/\\(["$\\`])/g, '$1') ?? escaped ?? '',
	);
}
