/** A namespace is told where it is not the one on the screen: pods of one name are in several. */

/** `:8080 → pod/web:80` as `:8080 → demo/pod/web:80`; `own` is `null` where it is of none, or of all. */
export function qualifyWithNamespace(what: string, own: string | null, onScreen: string | null): string {
	if (own === null || own === onScreen) {
		return what;
	}

	// A selector or a count of targets has no name that a namespace could stand before.
	if (/^(?:-|\d+ targets)/.test(what)) {
		return `${what} in ${own}`;
	}

	const at = what.indexOf('→ ');
	return at < 0 ? `${own}/${what}` : `${what.slice(0, at + 2)}${own}/${what.slice(at + 2)}`;
}

/** `pod/web` as `demo/pod/web on prod`, as far as namespace and context are not those on the screen. */
export function qualifyWithContext(
	{what, namespace, context}: {what: string; namespace: string | null; context: string},
	onScreen: {namespace: string | null; context: string},
): string {
	const place = context === onScreen.context ? '' : ` on ${context}`;
	return `${qualifyWithNamespace(what, namespace, onScreen.namespace)}${place}`;
}
