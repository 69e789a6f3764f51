/** What does the apiserver say in a Status? */

/** The message of a `metav1.Status`, which may be empty; `null` when the body is none. */
export function statusMessage(body: string): string | null {
	try {
		const parsed = JSON.parse(body) as {kind?: unknown; message?: unknown} | null;
		return parsed?.kind === 'Status' ? (typeof parsed.message === 'string' ? parsed.message : '') : null;
	} catch {
		return null;
	}
}
