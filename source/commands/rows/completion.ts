/** `spoke completion` as data. */
import {helpFlag} from '../../command-line/common-flags.ts';
import type {CommandRow} from '../command.ts';

const flags = [helpFlag] as const;

export const completionRow = {
	name: 'completion',
	summary: 'shell completion for bash, zsh and fish',
	usage: ['completion bash|zsh|fish', 'completion words -- WORD…'],
	about: 'Prints a script for the shell. It asks `spoke completion words` for what may come next: commands and flags from the program’s own tables, contexts from the kubeconfig, and namespaces, pods and workloads from the cluster, for at most 2 seconds. For `kubectl spoke` put an executable `kubectl_complete-spoke` on the PATH that runs: exec spoke completion words -- "$@"',
	examples: [
		['source <(spoke completion bash)', 'in ~/.bashrc'],
		['source <(spoke completion zsh)', 'in ~/.zshrc, behind compinit'],
		['spoke completion fish > ~/.config/fish/completions/spoke.fish', 'for fish'],
	],
	flags,
} as const satisfies CommandRow<typeof flags>;
