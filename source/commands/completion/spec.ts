/** Spec of `spoke completion`. */
import {helpFlag} from '../../base/command-line/connection-flags.ts';
import type {CommandSpec} from '../command.ts';

const flags = [helpFlag] as const;

export const completionSpec = {
	name: 'completion',
	summary: 'print the completion script for bash, zsh or fish',
	usage: ['completion bash|zsh|fish', 'completion words -- WORD…', 'completion kubectl -- WORD…'],
	about:
		'Prints a script for the shell. The script calls `spoke completion words`, which completes commands, flags, kubeconfig contexts, and the namespaces, pods and workloads of the cluster. It waits at most 2 seconds for the cluster.\nFor `kubectl spoke`, the package installs `kubectl_complete-spoke`, which kubectl runs by itself. It does the same as `spoke completion kubectl`, which prints the words of `spoke completion words` and then kubectl’s completion directive as the last line.',
	examples: [
		['source <(spoke completion bash)', 'in ~/.bashrc'],
		['source <(spoke completion zsh)', 'in ~/.zshrc, after compinit'],
		['mkdir -p ~/.config/fish/completions && spoke completion fish > ~/.config/fish/completions/spoke.fish', 'for fish'],
	],
	flags,
} as const satisfies CommandSpec<typeof flags>;
