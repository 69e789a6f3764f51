/** Text of the cluster where it stands among words of ours: harmless, line ends alike, and without tabs, whose width a terminal decides. */
import {sanitise} from './sanitise.ts';

/** Several lines stay several. */
export function safeText(text: string): string {
	return sanitise(text).replaceAll('\r\n', '\n').replaceAll('\t', '  ');
}
