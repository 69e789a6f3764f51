/** Reasons for file errors in kubectl's words. */

const errnoTexts: Readonly<Record<string, string>> = {
	ENOENT: 'no such file or directory',
	EACCES: 'permission denied',
	EISDIR: 'is a directory',
	ENOTDIR: 'not a directory',
	ELOOP: 'too many levels of symbolic links',
};

/** `open /x: no such file or directory`. */
export function fileErrorText({code, path, message}: Pick<NodeJS.ErrnoException, 'code' | 'path' | 'message'>): string {
	const text = errnoTexts[code ?? ''];
	return text === undefined ? message : path === undefined ? text : `open ${path}: ${text}`;
}
