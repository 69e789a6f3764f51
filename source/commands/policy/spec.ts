/** Spec of `spoke policy`. */
import {helpFlag} from '../../command-line/common-flags.ts';
import {connectionFlags} from '../../command-line/connection-flags.ts';
import type {CommandSpec} from '../command.ts';

const flags = [
	{
		name: 'check',
		kind: 'boolean',
		help: 'check the policy file, and read what a stream on this cluster would prove for this user now; exits 5 if the file has a problem',
	},
	helpFlag,
	...connectionFlags,
] as const;

export const policySpec = {
	name: 'policy',
	summary: 'print what your policy requires of this cluster, and check it',
	usage: ['policy [flags]', 'policy --check [flags]'],
	about:
		'The policy is ~/.config/spoke/policy.yaml: what the path of every stream must be, for every cluster or by server and CA. --require and :require can only tighten it. A policy that cannot be read, has a problem or can be written by others opens no stream.\nWithout a flag, prints the server and CA of this cluster, as an entry names them, and what is required. --check also connects, opens no stream, and says what is met and what a stream of this user can prove.',
	examples: [
		['spoke policy --context prod', 'server and CA of a cluster, for an entry'],
		['spoke policy --check', 'whether the policy is valid, and met by this cluster'],
	],
	flags,
} as const satisfies CommandSpec<typeof flags>;
