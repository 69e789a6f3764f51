/** Paths as bytes: a name need not be UTF-8. */

const slash = Buffer.from('/');

export function splitPath(path: Buffer): Buffer[] {
	const parts: Buffer[] = [];
	let start = 0;
	for (let end = path.indexOf(slash); end >= 0; end = path.indexOf(slash, start)) {
		parts.push(path.subarray(start, end));
		start = end + 1;
	}

	return [...parts, path.subarray(start)];
}

export function joinPath(parts: readonly Buffer[]): Buffer {
	return Buffer.concat(parts.flatMap((part, index) => (index === 0 ? [part] : [slash, part])));
}
