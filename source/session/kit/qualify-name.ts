/** Qualifies names outside the current namespace or context. */

/** `:8080 → pod/web:80` as `:8080 → demo/pod/web:80`; `own` is `null` for no namespace or all. */
export function qualifyWithNamespace(what: string, own: string | null, onScreen: string | null): string {
	if (own === null || own === onScreen) {
		return what;
	}

	// A selector or a count has no name to prefix.
	if (/^(?:-|\d+ targets)/.test(what)) {
		return `${what} in ${own}`;
	}

	const at = what.indexOf('→ ');
	return at < 0 ? `${own}/${what}` : `${what.slice(0, at + 2)}${own}/${what.slice(at + 2)}`;
}

/** `pod/web` as `demo/pod/web on prod`. */
export function qualifyWithContext(
	{what, namespace, context}: {what: string; namespace: string | null; context: string},
	onScreen: {namespace: string | null; context: string},
): string {
	const place = context === onScreen.context ? '' : ` on ${context}`;
	return `${qualifyWithNamespace(what, namespace, onScreen.namespace)}${place}`;
}
