/** Colors of pods. */
import test from 'ava';
import {canShowColors, podColor} from '../../../source/commands/logs/print-logs.ts';

test('a pod has the color that stern gives it', t => {
	// The indexes are those of Go's fnv.New32, modulo 6.
	t.deepEqual(
		['web-0', 'web-1', 'api-7d4f', 'db'].map(pod => podColor(pod)),
		[
			{pod: '95', container: '35'},
			{pod: '93', container: '33'},
			{pod: '93', container: '33'},
			{pod: '92', container: '32'},
		],
	);
});

test('colors are for terminals without NO_COLOR', t => {
	t.true(canShowColors({isTTY: true}, {TERM: 'xterm'}));
	t.false(canShowColors({isTTY: false}, {}));
	t.false(canShowColors({isTTY: true}, {NO_COLOR: '1'}));
	t.false(canShowColors({isTTY: true}, {TERM: 'dumb'}));
});
