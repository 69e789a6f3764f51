/** Retry delays of one outage. */
import test from 'ava';
import {ListRetries} from '../../../source/session/lists/list-retries.ts';
import type {ErrorCode} from '../../../source/errors/error-table.ts';
import {SpokeError} from '../../../source/errors/spoke-error.ts';

const waits = (...codes: readonly ErrorCode[]) => {
	const tries = new ListRetries();
	return codes.map(code => tries.after(new SpokeError(code, 'x')).waitMs);
};

test('each consecutive failure waits longer, up to a limit', t => {
	t.deepEqual(waits(...Array.from({length: 6}, () => 'ERR_APISERVER_UNREACHABLE' as const)), [1000, 2000, 4000, 8000, 15_000, 15_000]);
});

for (const code of ['ERR_FORBIDDEN', 'ERR_NOT_FOUND', 'ERR_CREDENTIALS'] as const) {
	test(`${code} waits 60 s, and the next connection failure waits as long as the first`, t => {
		t.deepEqual(
			waits('ERR_APISERVER_UNREACHABLE', 'ERR_APISERVER_TIMEOUT', code, code, 'ERR_APISERVER_UNREACHABLE'),
			[1000, 2000, 60_000, 60_000, 1000],
		);
	});
}
