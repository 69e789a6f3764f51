/** Text of the cluster where it stands among words of ours: harmless, and without tabs, whose width a terminal decides. */
import {sanitise} from '../text/sanitise.ts';

export function safeText(part: string): string {
	return sanitise(part).replaceAll('\t', '  ');
}
