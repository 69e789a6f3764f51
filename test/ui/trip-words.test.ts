/** Round trips: of a tunnel two, of a log none. */
import test from 'ava';
import type {Path} from '../../source/posture/evidence.ts';
import {tripWords} from '../../source/ui/why-screen.ts';

const words = (websocket: number | null, runtime: number | null) => tripWords({rttMs: {websocket, runtime}} as Path);

test('each round trip that was measured is told with its far end, and none that was not', t => {
	t.is(words(4.06, 11), '4.1 ms to the end of the WebSocket · 11.0 ms to the runtime');
	t.is(words(null, 11), '11.0 ms to the runtime');
	t.is(words(null, null), '');
});
