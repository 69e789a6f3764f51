/** The error of a stream that every carrier refused. */
import type {SpokeError} from '../errors/spoke-error.ts';

/**
 * Kubectl does not tell the reason of a Status that refuses an upgrade; `prefix` is its words. @see k8s.io/streaming
 * pkg/httpstream/spdy/roundtripper.go
 */
export function refusedAsKubectl(error: SpokeError, prefix: string): SpokeError {
	return error.asKubectl === null
		? error
		: error.withChanges({asKubectl: error.asKubectl.replace(/^Error from server \(\w+\)/, `error: ${prefix}`), cause: error.cause});
}

/** The last answer decides what it is; the first one's words are kept, since they are about the carrier that should have worked. */
export function combineCarrierErrors(refused: readonly SpokeError[]): SpokeError {
	const first = refused[0]!;
	const last = refused.findLast(({code}) => code !== 'ERR_UPGRADE_REFUSED') ?? first;
	if (first === last || first.text === null || first.text === last.text) {
		return last;
	}

	return last.withChanges({text: `${first.text}; over the other carrier: ${last.text ?? last.message}`, cause: first});
}
