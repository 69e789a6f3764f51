/** How a screen reader reads RESTARTS. The frames have whole screens as it reads them. */
import test from 'ava';
import {spokenFrame} from '../../support/session-frame.ts';
import {listRows, listState, sessionState, type GivenState} from '../../support/session-state.ts';

const readPod = (restarts: string, listEvents: NonNullable<GivenState['listEvents']> = []) =>
	spokenFrame(
		sessionState({hasScreenReader: true, lists: listState('pods', listRows('pods', [`web  ${restarts}`], 'Name  Restarts')), listEvents}),
	)[2];

for (const [restarts, said] of [
	['0', 'web'],
	['1', 'web, 1 restart'],
	['3', 'web, 3 restarts'],
	['1 (5m ago)', 'web, 1 restart (5m ago)'],
	['8 (3h ago)', 'web, 8 restarts (3h ago)'],
] as const) {
	test(`with more columns, RESTARTS ${restarts} is read as “${said}”`, t => {
		t.is(readPod(restarts, [{type: 'wide'}]), `1 of 1: ${said}`);
	});
}

test('an age beside RESTARTS is not read without more columns, because it grows', t => {
	t.is(readPod('8 (3h ago)'), '1 of 1: web, 8 restarts');
});
