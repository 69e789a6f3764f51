/** `--record` of exec, attach and debug. */
import type {FlagSpec, FlagValues} from '../../command-line/flag-spec.ts';
import {SpokeError} from '../../errors/spoke-error.ts';

export const recordFlags = [
	{
		name: 'record',
		kind: 'string',
		value: 'FILE',
		completes: 'file',
		help: 'record the output to FILE, a new file, as a signed transcript (asciicast v2) with user, path, requirement and audit id; `spoke verify` checks it; exits 125 if FILE cannot be written',
	},
	{name: 'record-input', kind: 'boolean', help: 'with --record: also record the input, which can contain passwords'},
] as const satisfies readonly FlagSpec[];

export type RecordRequest = {
	file: string;
	/** Whether to record the input, too. */
	input: boolean;
};

/** `null` without `--record`. @throws SpokeError ERR_USAGE */
export function recordRequest({record: file, 'record-input': input}: FlagValues<typeof recordFlags>): RecordRequest | null {
	if (file === '') {
		throw new SpokeError('ERR_USAGE', '--record has no value', {remedy: 'give --record the name of a new file'});
	}

	if (file === undefined && input) {
		throw new SpokeError('ERR_USAGE', '--record-input requires --record', {remedy: 'pass --record FILE with it'});
	}

	return file === undefined ? null : {file, input};
}
