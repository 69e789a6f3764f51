/** `spoke forwards logs`. */
import {readLog} from '../../detached-forwards/forward-log.ts';
import {matchingForwards, unknownForward, type FoundForward} from '../../detached-forwards/detached-forward-state.ts';
import {isProcessRunning} from '../../detached-forwards/process-identity.ts';
import {exitStatus, exitStatusForSignal} from '../../errors/exit-status.ts';
import {SpokeError} from '../../errors/spoke-error.ts';
import {createOutputWriter} from '../../output/output-writer.ts';
import {Sanitizer} from '../../text/sanitize.ts';
import type {ForwardsInvocation} from './spec.ts';

/** Of several forwards with the name, the last one. @throws SpokeError ERR_FORWARD_UNKNOWN, ERR_LOCAL_FILE */
export async function showLog(
	{flags, stdout, interrupted}: ForwardsInvocation,
	forwards: readonly FoundForward[],
	name: string,
): Promise<number> {
	const state = matchingForwards(forwards, name).at(-1)?.state;
	if (!state) {
		throw unknownForward(name);
	}

	const output = createOutputWriter(stdout);
	const sanitizer = new Sanitizer();
	const signal = AbortSignal.any([interrupted, output.closed]);
	const follows = async () => flags.follow && isProcessRunning(state.process);
	try {
		for await (const bytes of readLog(state.log, {follows, signal})) {
			await output.write(sanitizer.write(bytes));
		}
	} catch (error) {
		throw (error as NodeJS.ErrnoException).syscall === 'open'
			? new SpokeError('ERR_LOCAL_FILE', `cannot read the log of ${state.name}: ${(error as Error).message}`, {cause: error})
			: error;
	}

	await output.write(sanitizer.end());
	await output.finished();
	return interrupted.aborted ? exitStatusForSignal(interrupted.reason) : exitStatus.ok;
}
