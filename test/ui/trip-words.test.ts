/** Round trips: of a tunnel two, of a log none. */
import test from 'ava';
import type {Path} from '../../source/posture/evidence.ts';
import {clockTime} from '../../source/text/clock-time.ts';
import {unicodeGlyphs} from '../../source/ui/glyphs.ts';
import {datedLine} from '../../source/ui/path-words.ts';
import {tripWords} from '../../source/ui/why-screen.ts';

const words = (websocket: number | null, runtime: number | null) => tripWords({rttMs: {websocket, runtime}} as Path);

test('round trips of a connection that ended are told as they were, and its line with when it ended', t => {
	const time = '2026-11-26T13:48:31Z';
	const path = {about: 'ended-connection', time, phase: 'settled', target: {kind: 'Pod', name: 'web', node: 'n1', container: null}, process: {id: null}, rttMs: {websocket: 1.6, runtime: 9}, legs: [
		{n: 1, to: 'apiserver', tls: {state: 'verified', basis: 'proven'}, route: {state: 'direct', basis: 'proven'}}, {n: 2, to: 'kubelet', tls: {state: 'verified', basis: 'proven'}, route: {state: 'direct', basis: 'proven'}},
	]} as unknown as Path;
	const shown = (one: Path, width: number) => datedLine(one, width, unicodeGlyphs, null).map(({text}) => text).join('');
	t.is(tripWords(path), 'was 1.6 ms to the end of the WebSocket · 9.0 ms to the runtime');
	t.is(shown(path, 80), `ended ${clockTime(time)}  you ━ verified ━► apiserver ━ direct ━ verified ━► kubelet n1`);
	t.true(shown(path, 38).length <= 38);
	t.regex(shown(path, 38), /^ended \S+ {2}.*━ verified/);
	t.notRegex(shown({...path, about: 'open-connection'}, 80), /ended/);
	t.is(tripWords({...path, rttMs: {websocket: null, runtime: null}}), '');
});

test('each round trip that was measured is told with its far end, and none that was not', t => {
	t.is(words(4.06, 11), '4.1 ms to the end of the WebSocket · 11.0 ms to the runtime');
	t.is(words(null, 11), '11.0 ms to the runtime');
	t.is(words(null, null), '');
});
