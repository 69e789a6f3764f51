/** What does the apiserver say in a Status? */

/** The parts of a `metav1.Status` that are asked for, as they came; `null` when the body is none. */
export function parseStatus(body: string): {message?: unknown; code?: unknown; reason?: unknown; details?: {kind?: unknown} | null} | null {
	try {
		const parsed = JSON.parse(body) as {
			kind?: unknown;
			message?: unknown;
			code?: unknown;
			reason?: unknown;
			details?: {kind?: unknown} | null;
		} | null;
		return parsed?.kind === 'Status' ? parsed : null;
	} catch {
		return null;
	}
}

/** The message of a `metav1.Status`, which may be empty; `null` when the body is none. */
export function statusMessage(body: string): string | null {
	const status = parseStatus(body);
	return status && (typeof status.message === 'string' ? status.message : '');
}

/** Those whose line scripts look for. */
const reasonsOfKubectl: ReadonlySet<unknown> = new Set(['NotFound', 'Forbidden', 'BadRequest']);

/**
The line that kubectl prints for a Status; `null` for a body that is none, or has another reason.
@see https://github.com/kubernetes/kubernetes/blob/v1.36.3/staging/src/k8s.io/kubectl/pkg/cmd/util/helpers.go StandardErrorMessage
*/
export function kubectlLine(body: string): string | null {
	const status = parseStatus(body);
	return status && reasonsOfKubectl.has(status.reason) && typeof status.message === 'string' && status.message !== ''
		? `Error from server (${String(status.reason)}): ${status.message}`
		: null;
}
