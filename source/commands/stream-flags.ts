/** The last flags of each command that opens streams to a pod or relays requests. */
import {helpFlag, pathFlag, readOnlyFlag, minBasisFlag, connectionFlags} from '../base/command-line/connection-flags.ts';
import type {FlagSpec, FlagValues} from '../base/command-line/flag-spec.ts';
import {requirementNames} from '../evidence/require-path.ts';
import type {RecordRequest} from '../streams/remote-command/command-recording.ts';
import {assertUsage} from './usage.ts';

/** Flags with which a stream command requires a path. */
export const requireFlags = [
	{
		name: 'require',
		kind: 'strings',
		value: 'REQUIREMENT',
		suggests: requirementNames,
		help: 'requirement: verified, tunnelled or protected; for the path, decided before the first byte of each stream (see spoke help path); exits 3 if not met, 4 if undecided; repeat for several',
	},
	minBasisFlag,
] as const satisfies readonly FlagSpec[];

export const streamFlags = [readOnlyFlag, pathFlag, ...requireFlags, helpFlag, ...connectionFlags] as const satisfies readonly FlagSpec[];

export const recordInputFlag = {
	name: 'record-input',
	kind: 'boolean',
	help: 'with --record: also the input; it can contain passwords',
} as const satisfies FlagSpec;

export const recordFlags = [
	{
		name: 'record',
		kind: 'string',
		value: 'FILE',
		completes: 'file',
		help: 'record the output to a new file; an asciicast (v2) with the path as markers; exits 125 if FILE cannot be written',
	},
	recordInputFlag,
] as const satisfies readonly FlagSpec[];

const valueMeanings = {FILE: 'a new file', DIR: 'a directory'} as const;

/** `null` without `--record`. `value`: what it names. @throws SpokeError ERR_USAGE */
export function recordRequest(
	{record: file, 'record-input': input}: FlagValues<typeof recordFlags>,
	value: keyof typeof valueMeanings = 'FILE',
): RecordRequest | null {
	assertUsage(file !== '', '--record has no value', `give --record the name of ${valueMeanings[value]}`);
	assertUsage(file !== undefined || !input, '--record-input requires --record', `pass --record ${value} with it`);
	return file === undefined ? null : {file, input};
}
