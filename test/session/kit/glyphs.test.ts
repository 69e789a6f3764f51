/** The glyphs of a path. */
import test from 'ava';
import {asciiGlyphs, unicodeGlyphs} from '../../../source/session/kit/glyphs.ts';

test('each basis, and an unexamined leg, has its own stroke in both directions', t => {
	for (const {strokes, upright} of [unicodeGlyphs, asciiGlyphs]) {
		t.is(new Set(Object.values(strokes)).size, 4);
		t.is(new Set(Object.values(upright)).size, 4);
	}
});
