/** `spoke completion` as data. */
import {helpFlag} from '../../command-line/common-flags.ts';
import type {CommandSpec} from '../command.ts';

const flags = [helpFlag] as const;

export const completionSpec = {
	name: 'completion',
	summary: 'shell completion for bash, zsh and fish',
	usage: ['completion bash|zsh|fish', 'completion words -- WORD…', 'completion kubectl -- WORD…'],
	about:
		'Prints a script for the shell. The script runs `spoke completion words` for the words that can come next: commands and flags of spoke, contexts of the kubeconfig, and namespaces, pods and workloads of the cluster, for at most 2 seconds.\nFor `kubectl spoke` the package installs `kubectl_complete-spoke`, which kubectl runs by itself. It prints the same words and a last line with the completion directive, as `spoke completion kubectl` does.',
	examples: [
		['source <(spoke completion bash)', 'in ~/.bashrc'],
		['source <(spoke completion zsh)', 'in ~/.zshrc, behind compinit'],
		['spoke completion fish > ~/.config/fish/completions/spoke.fish', 'for fish'],
	],
	flags,
} as const satisfies CommandSpec<typeof flags>;
