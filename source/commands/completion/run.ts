/** `spoke completion`. */
import {exitStatus} from '../../base/errors/exit-status.ts';
import {sanitizeLine} from '../../base/text/sanitize.ts';
import {commandSpecs} from '../command-specs.ts';
import type {Command} from '../command.ts';
import {completeLine, type CompletionItem, type NameCompletion} from './complete-line.ts';
import {completionSpec} from './spec.ts';
import {listAll, type TableRow} from '../../cluster/list.ts';
import {chooseContexts} from '../../cluster/kubeconfig/choose-contexts.ts';
import {loadKubeconfig} from '../../cluster/kubeconfig/load-kubeconfig.ts';
import {createClusterClient} from '../../cluster/create-cluster-client.ts';
import {connectionFlags, type ConnectionFlags, type MultiContextFlags} from '../../base/command-line/connection-flags.ts';
import type {FlagSpec} from '../../base/command-line/flag-spec.ts';
import {forwardSetNames} from '../../base/command-line/forward-file.ts';
import {parseCommandLine} from '../../base/command-line/parse-command-line.ts';
import {findForwards, forwardsDirectory} from '../forwards/detached-forward-state.ts';
import {findStateDirectory} from '../../base/command-line/private-files.ts';
import {quoteForShell} from '../../base/text/escaping.ts';
import {allContainers} from '../../cluster/targets/choose-container.ts';
import type {PodObject, ServiceObject} from '../../cluster/targets/pod-object.ts';
import {isTcp} from '../../cluster/targets/named-port.ts';
import {listPath, findResource, podResource} from '../../cluster/targets/resource-names.ts';
import {resolvePod} from '../../cluster/targets/resolve-pod.ts';
import {ownThemeNames} from '../../session/themes/load-themes.ts';
import {assertUsage} from '../usage.ts';

export const command: Command<typeof completionSpec.flags> = {
	spec: completionSpec,
	async run({positionals, afterDash, stdout, env}) {
		const [what = '', ...surplus] = positionals;
		if ((what === 'words' || what === 'kubectl') && surplus.length === 0) {
			const offers = await wordsFor(afterDash ?? [], env);
			const directive = what === 'kubectl' ? `:${directiveFor(offers)}\n` : '';
			const lines = offers.map(({word, description}) => `${sanitizeLine(word)}\t${sanitizeLine(description)}\n`);
			stdout.write(lines.join('') + directive);
			return exitStatus.ok;
		}

		const script = Object.hasOwn(completionScripts, what) ? completionScripts[what] : undefined;
		assertUsage(
			script !== undefined && surplus.length === 0,
			what === '' ? 'a shell is required' : `no completion for ${JSON.stringify(positionals.join(' '))}`,
			`spoke completion ${Object.keys(completionScripts).join('|')}`,
		);
		stdout.write(script);
		return exitStatus.ok;
	},
};

/** A shell waits for the completion. */
const defaultTimeoutMs = 2000;

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

/** `words` exclude the command's name; the last one is being typed. */
export async function completeNames(
	completion: NameCompletion,
	words: readonly string[],
	flags: readonly FlagSpec[],
	{env, timeoutMs = defaultTimeoutMs}: {env: NodeJS.ProcessEnv; timeoutMs?: number},
): Promise<readonly CompletionItem[]> {
	const {given, targets} = parseTyped(words, flags);
	const names =
		(await namesInFiles(completion, given, env)) ??
		(await namesInCluster(completion, targets, await firstContext(given, env), {env, timeoutMs}));
	const {prefix, leadingText} = completion;
	return names.filter(name => name.startsWith(prefix)).map(name => ({word: leadingText + name, description: ''}));
}

/** `null` for names that only the apiserver knows. */
async function namesInFiles(
	{kind, prefix, kinds = [], isList = false}: NameCompletion,
	given: ConnectionFlags | MultiContextFlags,
	env: NodeJS.ProcessEnv,
): Promise<readonly string[] | null> {
	if (kind === 'context' || kind === 'cluster' || kind === 'user') {
		const {config} = await loadKubeconfig(given.kubeconfig, env);
		const names = [...{context: config.contexts, cluster: config.clusters, user: config.users}[kind].keys()];
		return isList ? listsOf(names, prefix) : names;
	}

	if (kind === 'theme') {
		return [...kinds, ...(await ownThemeNames(env))];
	}

	if (kind === 'forward-set') {
		return forwardSetNames(env);
	}

	if (kind === 'detached-forward') {
		const forwards = await findForwards(findStateDirectory(env, forwardsDirectory));
		return forwards.map(({state}) => state.name);
	}

	return null;
}

async function namesInCluster(
	{kind, prefix, kinds = [], trailingText = ''}: NameCompletion,
	targets: readonly string[],
	flags: ConnectionFlags,
	{env, timeoutMs}: {env: NodeJS.ProcessEnv; timeoutMs: number},
): Promise<readonly string[]> {
	// A request trace would be written into the line that is being typed.
	const cluster = await createClusterClient({...flags, v: 0}, env);
	const signal = AbortSignal.timeout(timeoutMs);
	const namesIn = async (path: string) => {
		const {items} = await listAll<TableRow>(cluster, {path, as: 'table', pageSize: 2000, signal});
		return withoutQuotes(items.map(({cells}) => String(cells[0])));
	};

	try {
		if (kind === 'namespace') {
			return await namesIn('/api/v1/namespaces');
		}

		if (kind === 'container') {
			const {pod} = await resolvePod(cluster, targets[0] ?? '', {podPreference: 'attach', podRunningTimeoutMs: 500, signal});
			return [...withoutQuotes(allContainers(pod).map(({name}) => name)), ...kinds];
		}

		if (kind === 'port') {
			const target = targets.findLast(word => word.includes('/')) ?? targets[0] ?? '';
			const {pod, service} = await resolvePod(cluster, target, {podPreference: 'attach', podRunningTimeoutMs: 500, signal});
			return [...withoutQuotes(portsOf(pod, service)), ...kinds];
		}

		const slash = prefix.indexOf('/');
		const resource = slash < 0 ? podResource : findResource(prefix.slice(0, slash));
		if (!resource || (resource.kind === 'Node' && !kinds.includes('node/'))) {
			return [];
		}

		const names = await namesIn(listPath(resource, resource.namespaced ? cluster.facts.namespace : null));
		// A proxy target has a scheme before the name.
		const [head] = /^[^/]*\/(?:https?:)?/.exec(prefix) ?? [''];
		const targetNames = names.map(name => (slash < 0 ? '' : head) + name + trailingText);
		return slash < 0 ? [...targetNames, ...kinds] : targetNames;
	} finally {
		cluster.close();
	}
}

/** Shells insert names unquoted. No valid Kubernetes name needs quotes. */
function withoutQuotes(names: readonly string[]): string[] {
	return names.filter(name => quoteForShell(name) === name);
}

/** The names and, after the names of a list that is being typed, each other name. */
function listsOf(names: readonly string[], typed: string): string[] {
	const before = typed.slice(0, typed.lastIndexOf(',') + 1);
	const used = before.split(',');
	return [...names, ...(before === '' ? [] : names.filter(name => !used.includes(name)).map(name => before + name))];
}

async function firstContext(flags: ConnectionFlags | MultiContextFlags, env: NodeJS.ProcessEnv): Promise<ConnectionFlags> {
	return 'all-contexts' in flags ? (await chooseContexts(flags, env))[0]! : flags;
}

function portsOf(pod: PodObject, service: ServiceObject | null): string[] {
	const ports = service
		? (service.spec?.ports ?? []).filter(port => isTcp(port)).map(({port, name}) => ({port, name}))
		: pod.spec.containers
				.flatMap(({ports = []}) => ports)
				.filter(port => isTcp(port))
				.map(({containerPort, name}) => ({port: containerPort, name}));
	return ports.flatMap(({port, name}) => [String(port), ...(name === undefined ? [] : [name])]);
}

/** Empty if the line cannot be parsed yet. */
function parseTyped(
	words: readonly string[],
	flags: readonly FlagSpec[],
): {given: ConnectionFlags | MultiContextFlags; targets: readonly string[]} {
	// The last flag may still lack its value.
	for (const before of [words.slice(0, -1), words.slice(0, -2)]) {
		try {
			const line = parseCommandLine<readonly FlagSpec[]>(flags.length > 0 ? flags : connectionFlags, before);
			return {given: line.flags as unknown as ConnectionFlags, targets: line.positionals};
		} catch {}
	}

	return {given: parseCommandLine(connectionFlags, []).flags, targets: []};
}
