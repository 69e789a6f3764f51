/** Records a remote command if `--record` is given, and prints its status. */
import {describeCommandEnd} from '../../descriptions/describe-command-end.ts';
import {joinParts} from '../../descriptions/parts.ts';
import {noticeLine} from '../../output/notice-line.ts';
import type {RemoteCommandInvocation} from './run-remote-command.ts';
import type {DriveResult} from './drive-remote-command.ts';
import type {CommandRecording} from './record-command.ts';
import {recordRequest} from './record-flags.ts';

export type RunEnd = Pick<DriveResult, 'exitStatus' | 'isRemote' | 'detached'>;

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
		(await import('./record-command.ts')).startRecording(request, {
			env,
			warn(notice) {
				stderr.write(noticeLine(notice, stderr));
			},
		});
	const {exitStatus, isRemote} = recording ? await recording.during(async () => run(recording)) : await run(null);
	if (isRemote && exitStatus !== 0) {
		// kubectl prints this line even with -q.
		const parts = describeCommandEnd({kind: 'exited', exitCode: exitStatus}, 'command', 0);
		stderr.write(`${joinParts(parts, {without: ['duration']})}\n`);
	}

	return exitStatus;
}
