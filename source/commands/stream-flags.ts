/** The last flags of each command that opens streams to a pod or relays requests. */
import {helpFlag, pathFlag, readOnlyFlag, minBasisFlag} from '../command-line/common-flags.ts';
import {connectionFlags} from '../command-line/connection-flags.ts';
import type {FlagSpec} from '../command-line/flag-spec.ts';
import {requirementNames} from '../evidence/require-path.ts';

/** Flags with which a stream command requires a path. */
export const requireFlags = [
	{
		name: 'require',
		kind: 'strings',
		value: 'REQUIREMENT',
		suggests: requirementNames,
		help: 'requirement for the path, decided before the first byte of each stream: verified, tunnelled or protected (see spoke help path); exits 3 if not met, 4 if undecided; repeat for several',
	},
	minBasisFlag,
] as const satisfies readonly FlagSpec[];

export const streamFlags = [readOnlyFlag, pathFlag, ...requireFlags, helpFlag, ...connectionFlags] as const satisfies readonly FlagSpec[];
