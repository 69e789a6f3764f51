/** The path line as text without colours, for where the screen is not ours. */
import type {Path} from '../../evidence/evidence.ts';
import type {Glyphs} from '../../ui/glyphs.ts';
import {pathLineSpans} from '../../ui/path-line.ts';

/** In `width` cells of the terminal, the last one free. */
export function formatPlainPathLine(path: Path, glyphs: Glyphs, width: number): string {
	return pathLineSpans(path, width - 1, glyphs, null)
		.map(({text}) => text)
		.join('');
}
