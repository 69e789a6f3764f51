/** Records a remote command if `--record` is given, and prints its status. */
import {describeCommandEnd} from '../../descriptions/describe-command-end.ts';
import {joinParts} from '../../descriptions/parts.ts';
import {exitStatus as exitStatuses} from '../../errors/exit-status.ts';
import {SpokeError} from '../../errors/spoke-error.ts';
import {noticeLine} from '../../output/notice-line.ts';
import type {CommandRecording} from '../../streams/remote-command/command-recording.ts';
import type {RemoteCommandInvocation, RunEnd} from './run-remote-command.ts';
import {recordRequest} from './record-flags.ts';

/**
The file is created first, so that nothing happens in the cluster if that fails.
@returns the exit status
@throws SpokeError of `run`; ERR_USAGE for bad flags; ERR_LOCAL_FILE if the recording cannot be created or is not complete
*/
export async function runRecorded(
	{flags, stderr}: Pick<RemoteCommandInvocation, 'flags' | 'stderr'>,
	run: (recording: CommandRecording | null) => Promise<RunEnd>,
): Promise<number> {
	const request = recordRequest(flags);
	const recording =
		request &&
		new (await import('../../streams/remote-command/command-recording.ts')).CommandRecording(request, {
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

async function record(recording: CommandRecording, run: () => Promise<RunEnd>): Promise<RunEnd> {
	const end = await run().finally(() => {
		recording.end();
	});
	const {file, failure} = recording;
	if (failure !== null) {
		throw new SpokeError(
			'ERR_LOCAL_FILE',
			`the recording ${file} is incomplete: ${failure.message}; the command ended with status ${end.exitStatus}`,
			{exitStatus: exitStatuses.execOwnFailure, cause: failure},
		);
	}

	return end;
}
