/** The scripts that a shell loads; all that can be known is asked of the program itself. */

export const completionScripts: Readonly<Record<string, string>> = {
	bash: `# spoke completion for bash
_spoke() {
	local words
	mapfile -t words < <(spoke completion words -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
	COMPREPLY=()
	local line
	for line in "\${words[@]}"; do
		COMPREPLY+=("\${line%%$'\\t'*}")
	done
	# What ends in a slash, a colon or an equals sign goes on.
	if [[ \${#COMPREPLY[@]} -eq 1 && "\${COMPREPLY[0]}" == *[/:=] ]]; then
		compopt -o nospace
	fi
	# bash takes words apart at colons; the part before the last one is typed already.
	local typed="\${COMP_WORDS[COMP_CWORD]}"
	if [[ "$typed" == *:* && "$COMP_WORDBREAKS" == *:* ]]; then
		local before="\${typed%:*}:"
		COMPREPLY=("\${COMPREPLY[@]#"$before"}")
	fi
}
complete -o default -F _spoke spoke
`,
	zsh: `#compdef spoke
# spoke completion for zsh
_spoke() {
	local -a lines plain open
	lines=("\${(@f)$(spoke completion words -- "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
	local line
	for line in $lines; do
		[[ -z $line ]] && continue
		if [[ \${line%%$'\\t'*} == *[/:=] ]]; then
			open+=("\${line%%$'\\t'*}")
		else
			plain+=("\${\${line%%$'\\t'*}//:/\\\\:}:\${line#*$'\\t'}")
		fi
	done
	(( $#plain )) && _describe 'spoke' plain
	(( $#open )) && compadd -S '' -a open
	(( $#plain + $#open )) || _files
}
compdef _spoke spoke
`,
	fish: `# spoke completion for fish
function __spoke_complete
	set -l words (commandline -opc) (commandline -ct)
	spoke completion words -- $words[2..-1] 2>/dev/null
end
complete -c spoke -a '(__spoke_complete)'
`,
};
