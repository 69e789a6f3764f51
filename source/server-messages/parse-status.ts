/** Fields of a `metav1.Status`. */

/** `null` if the body is not a Status. Fields are not validated. */
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

/** `null` if the body is not a Status; empty if it has no message. */
export function statusMessage(body: string): string | null {
	const status = parseStatus(body);
	return status && (typeof status.message === 'string' ? status.message : '');
}

const kubectlReasons: ReadonlySet<unknown> = new Set(['NotFound', 'Forbidden', 'BadRequest']);

/**
The line that kubectl prints, which scripts match; `null` for another reason or body.
@see https://github.com/kubernetes/kubernetes/blob/v1.36.3/staging/src/k8s.io/kubectl/pkg/cmd/util/helpers.go StandardErrorMessage
*/
export function kubectlLine(body: string): string | null {
	const status = parseStatus(body);
	return status && kubectlReasons.has(status.reason) && typeof status.message === 'string' && status.message !== ''
		? `Error from server (${String(status.reason)}): ${status.message}`
		: null;
}
