/** Text of the cluster where it stands among words of ours: harmless, line ends alike, and without tabs, whose width a terminal decides. */
import {sanitize} from './sanitize.ts';

/** Several lines stay several. */
export function sanitizeText(text: string): string {
	return sanitize(text).replaceAll('\r\n', '\n').replaceAll('\t', '  ');
}
