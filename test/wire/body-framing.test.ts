/** How a body ends is said by its head, in the order of RFC 9112 §6.3. */
import test from 'ava';
import {bodyFraming, type BodyFraming} from '../../source/wire/body-framing.ts';

const ends: ReadonlyArray<readonly [what: string, status: number, headers: Record<string, string>, BodyFraming]> = [
	['a length', 200, {'content-length': '12'}, 12],
	['no length and no coding', 200, {}, 'until-close'],
	['chunks', 200, {'transfer-encoding': 'Chunked'}, 'chunked'],
	['chunks and a length', 200, {'transfer-encoding': 'chunked', 'content-length': '12'}, 'chunked'],
	['chunks, and what is no length', 200, {'transfer-encoding': 'chunked', 'content-length': 'x'}, 'chunked'],
	['no content, whatever is said', 204, {'transfer-encoding': 'gzip', 'content-length': 'x'}, 0],
	['not modified, with the length of what was not sent', 304, {'content-length': '12'}, 0],
];

for (const [what, status, headers, framing] of ends) {
	test(`${what}: ${framing}`, t => {
		t.is(bodyFraming({status, headers}), framing);
	});
}
