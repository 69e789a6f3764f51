/** `spoke completion`. */
import {exitStatus} from '../../errors/exit-status.ts';
import {SpokeError} from '../../errors/spoke-error.ts';
import {sanitizeLine} from '../../text/sanitize.ts';
import {commandSpecs} from '../command-specs.ts';
import type {Command} from '../command.ts';
import {completeNames} from './complete-names.ts';
import {completeLine, type CompletionItem} from './complete-line.ts';
import {completionSpec} from './spec.ts';

export const command: Command<typeof completionSpec.flags> = {
	spec: completionSpec,
	async run({positionals, afterDash, stdout, env}) {
		const [what = '', ...surplus] = positionals;
		if (what === 'words' && surplus.length === 0) {
			stdout.write((await wordsFor(afterDash ?? [], env)).map(offer => offerLine(offer)).join(''));
			return exitStatus.ok;
		}

		if (what === 'kubectl' && surplus.length === 0) {
			const offers = await wordsFor(afterDash ?? [], env);
			stdout.write(`${offers.map(offer => offerLine(offer)).join('')}:${directiveFor(offers)}\n`);
			return exitStatus.ok;
		}

		const script = Object.hasOwn(completionScripts, what) ? completionScripts[what] : undefined;
		if (script === undefined || surplus.length > 0) {
			throw new SpokeError(
				'ERR_USAGE',
				what === '' ? 'a shell is required' : `no completion for ${JSON.stringify(positionals.join(' '))}`,
				{remedy: `spoke completion ${Object.keys(completionScripts).join('|')}`},
			);
		}

		stdout.write(script);
		return exitStatus.ok;
	},
};

function offerLine({word, description}: CompletionItem): string {
	return `${sanitizeLine(word)}\t${sanitizeLine(description)}\n`;
}

/**
kubectl's shell scripts then offer files if there are no completions, and add no space after an incomplete word.
@see https://github.com/spf13/cobra/blob/v1.10.0/completions.go ShellCompDirective
*/
function directiveFor(offers: readonly CompletionItem[]): number {
	const [noSpace, noFiles] = [2, 4];
	return offers.length === 0 ? 0 : noFiles + (offers.every(({word}) => /[/:=]$/.test(word)) ? noSpace : 0);
}

async function wordsFor(typed: readonly string[], env: NodeJS.ProcessEnv): Promise<readonly CompletionItem[]> {
	const {offers, nameCompletion, command: spec, rest} = completeLine(commandSpecs, typed);
	if (nameCompletion === null) {
		return offers;
	}

	// An error message would disturb the line that is being typed.
	return [...offers, ...(await completeNames(nameCompletion, rest, spec?.flags ?? [], {env}).catch(() => []))];
}

export const completionScripts: Readonly<Record<string, string>> = {
	bash: `# spoke completion for bash
_spoke() {
	# bash also splits words at colons and equals signs; the program needs whole words.
	local line="\${COMP_LINE:0:COMP_POINT}"
	local -a typed
	read -ra typed <<< "$line"
	if [[ "$line" == *[[:space:]] ]]; then
		typed+=("")
	fi
	local current="\${typed[\${#typed[@]}-1]}" before="" breaks="\${COMP_WORDBREAKS//[^:=]/}"
	if [[ -n "$breaks" && "$current" == *["$breaks"]* ]]; then
		before="\${current%"\${current##*["$breaks"]}"}"
	fi
	COMPREPLY=()
	local word
	while IFS= read -r word; do
		word="\${word%%$'\\t'*}"
		# The word is inserted as it is, and a context can have any name.
		printf -v word '%q' "\${word#"$before"}"
		COMPREPLY+=("$word")
	done < <(spoke completion words -- "\${typed[@]:1}" 2>/dev/null)
	# A word that ends in a slash, a colon or an equals sign is incomplete.
	if [[ \${#COMPREPLY[@]} -eq 1 && "\${COMPREPLY[0]}" == *[/:=] ]]; then
		compopt -o nospace
	fi
}
complete -o default -F _spoke spoke
`,
	zsh: `#compdef spoke
# spoke completion for zsh
_spoke() {
	local -a lines plain open
	lines=("\${(@f)$(spoke completion words -- "\${(@Q)words[2,CURRENT]}" 2>/dev/null)}")
	local line about
	for line in $lines; do
		[[ -z $line ]] && continue
		if [[ \${line%%$'\\t'*} == *[/:=] ]]; then
			open+=("\${line%%$'\\t'*}")
		else
			about="\${line#*$'\\t'}"
			plain+=("\${\${line%%$'\\t'*}//:/\\\\:}\${about:+:$about}")
		fi
	done
	(( $#plain )) && _describe 'spoke' plain
	(( $#open )) && compadd -S '' -a open
	if (( $#plain + $#open == 0 )); then
		# A file, also after --flag=.
		compset -P '--*='
		_files
	fi
}
# Sourced, or as a file _spoke on the fpath, which zsh runs on first use.
if [[ \${funcstack[1]} == _spoke ]]; then
	_spoke "$@"
else
	compdef _spoke spoke
fi
`,
	fish: `# spoke completion for fish
function __spoke_complete
	set -l typed (commandline -ct)
	set -l words (commandline -opc) $typed
	set -l offers (spoke completion words -- $words[2..-1] 2>/dev/null)
	if set -q offers[1]
		printf '%s\\n' $offers
		return
	end
	# If the program offers nothing, complete files, also after --flag=.
	set -l flag (string match -r -- '^--[^=]+=' $typed)
	for path in (__fish_complete_path (string replace -- "$flag" '' $typed))
		printf '%s\\n' "$flag$path"
	end
end
complete -c spoke -f -a '(__spoke_complete)'
`,
};
