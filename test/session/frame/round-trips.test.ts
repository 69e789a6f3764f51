/** Round-trip times. */
import test from 'ava';
import type {Path} from '../../../source/evidence/evidence.ts';
import {clockTime} from '../../../source/text/formats.ts';
import {unicodeGlyphs} from '../../../source/session/kit/theme.ts';
import {pathLineSpansWithEndTime} from '../../../source/session/kit/path-line-spans.ts';
import {formatRoundTrips, describeRoundTrips, type OverdueTimes} from '../../../source/session/frame/round-trips.ts';

const words = (websocket: number | null, runtime: number | null) => describeRoundTrips({rttMs: {websocket, runtime}} as Path);

test('an ended connection shows its last round-trip times and its end time', t => {
	const time = '2026-11-26T13:48:31Z';
	const path = {
		about: 'ended-connection',
		time,
		phase: 'settled',
		target: {kind: 'Pod', name: 'web', node: 'n1', container: null},
		process: {id: null},
		rttMs: {websocket: 1.6, runtime: 9},
		legs: [
			{n: 1, to: 'apiserver', tls: {state: 'verified', basis: 'proven'}, route: {state: 'direct', basis: 'proven'}},
			{n: 2, to: 'kubelet', tls: {state: 'verified', basis: 'proven'}, route: {state: 'direct', basis: 'proven'}},
		],
	} as unknown as Path;
	const shown = (one: Path, width: number) =>
		pathLineSpansWithEndTime(one, width, unicodeGlyphs, null)
			.map(({text}) => text)
			.join('');
	t.is(describeRoundTrips(path), 'was 1.6 ms to the end of the WebSocket · 9.0 ms to the runtime');
	t.is(shown(path, 80), `ended ${clockTime(time)}  you ━ verified ━► apiserver ━ direct ━ verified ━► kubelet n1`);
	t.true(shown(path, 38).length <= 38);
	t.regex(shown(path, 38), /^ended \S+ {2}.*━ verified/);
	t.notRegex(shown({...path, about: 'open-connection'}, 80), /ended/);
	t.is(describeRoundTrips({...path, rttMs: {websocket: null, runtime: null}}), '');
});

test('each measured round trip is shown with its far end', t => {
	t.is(words(4.06, 11), '4.1 ms to the end of the WebSocket · 11.0 ms to the runtime');
	t.is(words(null, 11), '11.0 ms to the runtime');
	t.is(words(16_714.1, 16_714.7), '16.7 s to the end of the WebSocket · 16.7 s to the runtime');
	t.is(words(null, null), '');
});

const waiting: ReadonlyArray<readonly [title: string, rttMs: Path['rttMs'], overdue: OverdueTimes, long: string, short: string]> = [
	[
		'no end responds, and measured times are not shown as current',
		{websocket: 1.6, runtime: 9},
		{websocket: 8400, runtime: 8100},
		'no response for 8 s',
		'no response for 8 s',
	],
	[
		'the end of the WebSocket responds, and the runtime does not',
		{websocket: 1.6, runtime: 9},
		{websocket: null, runtime: 72_300},
		'1.6 ms to the end of the WebSocket · over 1 min 12 s to the runtime',
		'rtt 1.6 ms/over 1 min 12 s',
	],
	[
		'the runtime responds, and the end of the WebSocket does not',
		{websocket: 1.6, runtime: 9},
		{websocket: 12_000, runtime: null},
		'over 12 s to the end of the WebSocket · 9.0 ms to the runtime',
		'rtt over 12 s/9 ms',
	],
	[
		'no ping was ever answered with a pong',
		{websocket: null, runtime: null},
		{websocket: 30_000, runtime: 30_000},
		'no response for 30 s',
		'no response for 30 s',
	],
	[
		'the only end does not respond',
		{websocket: 4.06, runtime: null},
		{websocket: 5000, runtime: null},
		'no response for 5 s',
		'no response for 5 s',
	],
	[
		'both ends respond',
		{websocket: 1.6, runtime: 9},
		{websocket: null, runtime: null},
		'1.6 ms to the end of the WebSocket · 9.0 ms to the runtime',
		'rtt 1.6/9 ms',
	],
];

for (const [title, rttMs, overdue, long, short] of waiting) {
	test(title, t => {
		const path = {about: 'open-connection', rttMs} as Path;
		t.deepEqual([describeRoundTrips(path, overdue), formatRoundTrips(path, overdue)], [long, short]);
	});
}
