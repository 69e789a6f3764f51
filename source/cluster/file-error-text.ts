/** Why a local file could not be read, in the words that kubectl has for it. */

const errnoTexts: Readonly<Record<string, string>> = {
	ENOENT: 'no such file or directory',
	EACCES: 'permission denied',
	EISDIR: 'is a directory',
	ENOTDIR: 'not a directory',
	ELOOP: 'too many levels of symbolic links',
};

/** `open /x: no such file or directory`; an error of our own keeps its message. */
export function fileErrorText({code, path, message}: NodeJS.ErrnoException): string {
	const text = errnoTexts[code ?? ''];
	return text === undefined ? message : path === undefined ? text : `open ${path}: ${text}`;
}
