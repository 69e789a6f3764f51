/** What is told of a log's outages. */
import test from 'ava';
import {SpokeError} from '../../../source/errors/spoke-error.ts';
import type {LogEvent, LogSource} from '../../../source/sessions/logs/log-events.ts';
import {LogOutage} from '../../../source/sessions/logs/log-outage.ts';

const source: LogSource = {namespace: 'demo', pod: 'web', uid: null, node: 'n1', container: 'app'};
const cut = new SpokeError('ERR_STREAM_LOST', 'the log of web was cut', {leg: 1});

function outageOf(options: {resume: boolean; signal?: AbortSignal}) {
	const told: LogEvent[] = [];
	const outage = new LogOutage(source, async event => {
		told.push(event);
	}, options);
	return {outage, told, words: () => told.map(event => event.type === 'reconnecting' ? `try ${event.attempt}` : event.type)};
}

test('an outage is told with each try and when it is over; a clean end is no news', async t => {
	const {outage, words} = outageOf({resume: true});
	await outage.endedCleanly();
	await outage.back(true);
	t.deepEqual(words(), []);
	await outage.lost(cut);
	await outage.back(false);
	await outage.back(true);
	t.deepEqual(words(), ['try 2', 'resumed']);
});

test('who does not want to go on gets the cut, and who has left no try', async t => {
	const error = await t.throwsAsync(outageOf({resume: false}).outage.lost(new SpokeError('ERR_SECOND_LEG', 'no agent', {text: 'No agent available'})), {code: 'ERR_STREAM_LOST', message: 'the log of web was cut: no agent'});
	t.is((error as SpokeError).text, 'No agent available');
	const {outage, told} = outageOf({resume: true, signal: AbortSignal.abort(new Error('left'))});
	await t.throwsAsync(outage.lost(cut), {message: 'left'});
	t.deepEqual(told, []);
});
