/** `spoke verify`. */
import {createPublicKey} from 'node:crypto';
import {createReadStream} from 'node:fs';
import {exitStatus} from '../../errors/exit-status.ts';
import {isSpokeError, SpokeError} from '../../errors/spoke-error.ts';
import {jsonObject, writeJsonLine} from '../../output/json-line.ts';
import {sanitizeLine} from '../../text/sanitize-line.ts';
import {checkTranscript, type TranscriptState} from '../../transcripts/check-transcript.ts';
import {readPublicKey, readTranscriptKey, transcriptKeyPath} from '../../transcripts/transcript-key.ts';
import type {Command} from '../command.ts';
import {describeCheck} from './describe-check.ts';
import {verifySpec} from './spec.ts';

const statusOf: Readonly<Record<TranscriptState, number>> = {
	verified: exitStatus.ok,
	changed: exitStatus.requireNotMet,
	'other-key': exitStatus.requireNotMet,
	'not-a-transcript': exitStatus.requireNotMet,
	incomplete: exitStatus.requireUndecided,
	unsigned: exitStatus.requireUndecided,
	'unknown-key': exitStatus.requireUndecided,
};

export const command: Command<typeof verifySpec.flags> = {
	spec: verifySpec,
	async run({flags, positionals, given, stdout, env}) {
		if (flags['print-key']) {
			if (positionals.length > 0 || given.has('public-key') || given.has('output')) {
				throw new SpokeError('ERR_USAGE', '--print-key takes no FILE and no other flag', {remedy: 'spoke verify --print-key'});
			}

			stdout.write(ownPublicKey(env));
			return exitStatus.ok;
		}

		const [file, ...surplus] = positionals;
		if (file === undefined || surplus.length > 0) {
			throw new SpokeError('ERR_USAGE', `expected one transcript, got ${positionals.length}`, {remedy: 'spoke verify FILE'});
		}

		const named = flags['public-key'] === undefined ? null : readPublicKey(flags['public-key']);
		const ownKey = named === null ? readTranscriptKey(env) : null;
		const check = await checkTranscript(readChunks(file), {named, own: ownKey && createPublicKey(ownKey)});
		const status = statusOf[check.state];
		if (flags.output === 'json') {
			writeJsonLine(stdout, jsonObject('TranscriptVerification', {file, ...check, exitStatus: status}));
		} else {
			stdout.write(
				describeCheck(file, check)
					.map(line => `${sanitizeLine(line)}\n`)
					.join(''),
			);
		}

		return status;
	},
};

function ownPublicKey(env: NodeJS.ProcessEnv): string {
	const key = readTranscriptKey(env);
	if (key === null) {
		throw new SpokeError('ERR_LOCAL_FILE', `you have no transcript key yet: ${transcriptKeyPath(env) ?? 'HOME is not set'}`, {
			remedy: 'spoke exec --record creates it',
		});
	}

	return createPublicKey(key).export({type: 'spki', format: 'pem'}).toString();
}

/** @throws SpokeError ERR_LOCAL_FILE */
async function* readChunks(file: string): AsyncGenerator<Buffer> {
	try {
		for await (const chunk of createReadStream(file)) {
			yield chunk as Buffer;
		}
	} catch (error) {
		throw isSpokeError(error)
			? error
			: new SpokeError('ERR_LOCAL_FILE', `cannot read ${file}: ${(error as Error).message}`, {cause: error});
	}
}
