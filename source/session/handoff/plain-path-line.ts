/** The path line without colors, for the plain screen. */
import type {Path} from '../../evidence/evidence.ts';
import type {Glyphs} from '../../ui/glyphs.ts';
import {pathLineSpans} from '../../ui/path-line.ts';

/** Leaves the last of `width` cells free. */
export function formatPlainPathLine(path: Path, glyphs: Glyphs, width: number): string {
	return pathLineSpans(path, width - 1, glyphs, null)
		.map(({text}) => text)
		.join('');
}
