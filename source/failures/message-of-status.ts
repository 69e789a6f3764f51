/** What does the apiserver say in a Status? */

/** The parts of a `metav1.Status` that are asked for, as they came; `null` when the body is none. */
export function statusIn(body: string): {message?: unknown; code?: unknown; details?: {kind?: unknown} | null} | null {
	try {
		const parsed = JSON.parse(body) as {kind?: unknown; message?: unknown; code?: unknown; details?: {kind?: unknown} | null} | null;
		return parsed?.kind === 'Status' ? parsed : null;
	} catch {
		return null;
	}
}

/** The message of a `metav1.Status`, which may be empty; `null` when the body is none. */
export function statusMessage(body: string): string | null {
	const status = statusIn(body);
	return status && (typeof status.message === 'string' ? status.message : '');
}
