/** `--record` of exec, attach, debug and the session. */
import type {FlagSpec, FlagValues} from '../../command-line/flag-spec.ts';
import {SpokeError} from '../../errors/spoke-error.ts';
import type {RecordRequest} from '../../streams/remote-command/command-recording.ts';

export const recordInputFlag = {
	name: 'record-input',
	kind: 'boolean',
	help: 'with --record: also record the input, which can contain passwords',
} as const satisfies FlagSpec;

export const recordFlags = [
	{
		name: 'record',
		kind: 'string',
		value: 'FILE',
		completes: 'file',
		help: 'record the output to FILE, a new file, as an asciicast (v2) with the path as markers; exits 125 if FILE cannot be written',
	},
	recordInputFlag,
] as const satisfies readonly FlagSpec[];

const valueMeanings = {FILE: 'a new file', DIR: 'a directory'} as const;

/** `null` without `--record`. `value`: what it names. @throws SpokeError ERR_USAGE */
export function recordRequest(
	{record: file, 'record-input': input}: FlagValues<typeof recordFlags>,
	value: keyof typeof valueMeanings = 'FILE',
): RecordRequest | null {
	if (file === '') {
		throw new SpokeError('ERR_USAGE', '--record has no value', {remedy: `give --record the name of ${valueMeanings[value]}`});
	}

	if (file === undefined && input) {
		throw new SpokeError('ERR_USAGE', '--record-input requires --record', {remedy: `pass --record ${value} with it`});
	}

	return file === undefined ? null : {file, input};
}
