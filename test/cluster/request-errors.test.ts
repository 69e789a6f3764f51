/** Parsing of Retry-After. */
import test from 'ava';
import {retryAfterMs} from '../../source/cluster/transport/request-errors.ts';

for (const [title, status, header, ms] of [
	['seconds of a 429', 429, '2', 2000],
	['seconds of a 503', 503, '0', 0],
	['seconds of a 403', 403, '2', null],
	['no header', 429, undefined, null],
	['an empty header', 429, '', null],
	['a fraction', 429, '1.5', null],
	['a negative number', 429, '-1', null],
	['a date', 503, 'Wed, 21 Oct 2026 07:28:00 GMT', null],
] as const) {
	test(`${title}: ${ms === null ? 'no delay' : `${ms} ms`}`, t => {
		t.is(retryAfterMs({status, headers: header === undefined ? {} : {'retry-after': header}}), ms);
	});
}
