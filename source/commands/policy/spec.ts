/** Spec of `spoke policy`. */
import {acceptedReadOnlyFlag, helpFlag, connectionFlags} from '../../base/command-line/connection-flags.ts';
import type {CommandSpec} from '../command.ts';

const flags = [
	{
		name: 'check',
		kind: 'boolean',
		help: 'check the policy file, and print what you can prove on this cluster now; exits 5 if the file has a problem, 3 if the cluster does not meet it, and 4 if that cannot be decided',
	},
	acceptedReadOnlyFlag,
	helpFlag,
	...connectionFlags,
] as const;

export const policySpec = {
	name: 'policy',
	summary: 'print what your policy requires of this cluster, and check it',
	usage: ['policy [flags]', 'policy --check [flags]'],
	about:
		'The policy, ~/.config/spoke/policy.yaml, sets what the path of streams must be, for every cluster or by server and CA. It applies to the session, tail, logs, exec, attach, debug, cp, port-forward and proxy, and to the logs and forwards of mcp, but not to the probes of path, audit and doctor. --require and :require can add requirements, not remove any. If spoke cannot read the policy, or it has a problem or others can write it, these commands open no stream.\nWithout a flag, prints the server and CA of this cluster, as an entry names them, and what is required. --check also connects, opens no stream, and prints what is met and what you can prove.',
	examples: [
		['spoke policy --context prod', 'server and CA of a cluster, for an entry'],
		['spoke policy --check', 'whether the policy is valid, and met by this cluster'],
	],
	flags,
} as const satisfies CommandSpec<typeof flags>;
