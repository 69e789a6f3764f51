/** The error of a stream that every carrier refused. */
import type {SpokeError} from '../errors/spoke-error.ts';

/** kubectl prints only `prefix`, not the Status. @see k8s.io/streaming pkg/httpstream/spdy/roundtripper.go */
export function refusedAsKubectl(error: SpokeError, prefix: string): SpokeError {
	return error.asKubectl === null
		? error
		: error.withChanges({asKubectl: error.asKubectl.replace(/^Error from server \(\w+\)/, `error: ${prefix}`), cause: error.cause});
}

/** The last error with the text of the first, which is about the preferred carrier. */
export function combineCarrierErrors(refused: readonly SpokeError[]): SpokeError {
	const first = refused[0]!;
	const last = refused.findLast(({code}) => code !== 'ERR_UPGRADE_REFUSED') ?? first;
	if (first === last || first.text === null || first.text === last.text) {
		return last;
	}

	return last.withChanges({text: `${first.text}; over the other carrier: ${last.text ?? last.message}`, cause: first});
}
