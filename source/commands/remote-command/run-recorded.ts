/** Records a remote command if `--record` is given, and prints its status. */
import {describeCommandEnd} from '../../descriptions/describe-command-end.ts';
import {joinParts} from '../../descriptions/parts.ts';
import {exitStatus as exitStatuses} from '../../errors/exit-status.ts';
import {SpokeError} from '../../errors/spoke-error.ts';
import {noticeLine} from '../../output/notice-line.ts';
import type {CommandRecording, RunEnd} from '../../transcripts/command-recording.ts';
import type {RemoteCommandInvocation} from './run-remote-command.ts';
import {recordRequest} from './record-flags.ts';

/**
The transcript is created first, so that nothing happens in the cluster if that fails.
@returns the exit status
@throws SpokeError of `run`; ERR_USAGE for bad flags; ERR_LOCAL_FILE if the transcript cannot be created or is not complete
*/
export async function runRecorded(
	{flags, env, stderr}: Pick<RemoteCommandInvocation, 'flags' | 'env' | 'stderr'>,
	run: (recording: CommandRecording | null) => Promise<RunEnd>,
): Promise<number> {
	const request = recordRequest(flags);
	const recording =
		request &&
		(await import('../../transcripts/command-recording.ts')).startRecording(request, {
			env,
			warn(notice) {
				stderr.write(noticeLine(notice, stderr));
			},
		});
	const {exitStatus, isRemote} = recording ? await record(recording, async () => run(recording)) : await run(null);
	if (isRemote && exitStatus !== 0) {
		// kubectl prints this line even with -q.
		const parts = describeCommandEnd({kind: 'exited', exitCode: exitStatus}, 'command', 0);
		stderr.write(`${joinParts(parts, {without: ['duration']})}\n`);
	}

	return exitStatus;
}

/** Ends the recording with what `run` ends with. */
async function record(recording: CommandRecording, run: () => Promise<RunEnd>): Promise<RunEnd> {
	let end: RunEnd;
	try {
		end = await run();
	} catch (thrown) {
		recording.fail(thrown);
		throw thrown;
	}

	recording.end(end);
	const {file, failure} = recording;
	if (failure !== null) {
		throw new SpokeError(
			'ERR_LOCAL_FILE',
			`the transcript ${file} is incomplete: ${failure.message}; the command ended with status ${end.exitStatus}`,
			{exitStatus: exitStatuses.execOwnFailure, cause: failure},
		);
	}

	return end;
}
