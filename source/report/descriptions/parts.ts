/** Descriptions as parts: what is said, separate from its layout. Nothing here is sanitized. */

export type Part<Role extends string> = {
	role: Role;
	text: string;
	/** Text for narrow layouts, if it differs. */
	short?: string;
};

export type Layout<Role extends string> = {short?: boolean; without?: readonly Role[]};

export function joinParts<Role extends string>(
	parts: ReadonlyArray<Part<Role>>,
	{short: isShort = false, without = []}: Layout<Role> = {},
): string {
	return parts
		.filter(({role}) => !without.includes(role))
		.map(({text, short = text}) => (isShort ? short : text))
		.join('');
}

/** With a capital and a period. */
export function sentenceOf(parts: ReadonlyArray<Part<string>>): string {
	const text = joinParts(parts);
	return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}

/** `web-67cbd55664-64fs2` as `web-…-64fs2`: the end identifies the pod. */
export function abbreviatePodName(pod: string): string {
	return pod.replace(/-[\da-z]{8,10}-(?=[\da-z]{5}(?![\da-z-]))/, '-…-');
}
