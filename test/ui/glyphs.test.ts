/** The signs of a path: how surely a word is known is never told by the sign of another basis. */
import test from 'ava';
import {asciiGlyphs, unicodeGlyphs} from '../../source/ui/glyphs.ts';

test('each basis, and what nobody looked at, has a stroke of its own, in both directions', t => {
	for (const {strokes, upright} of [unicodeGlyphs, asciiGlyphs]) {
		t.is(new Set(Object.values(strokes)).size, 4);
		t.is(new Set(Object.values(upright)).size, 4);
	}
});
