/** Whose response a proxied one is. */
import test from 'ava';
import {isUnparsedRequest} from '../../../source/streams/proxy/response-origin.ts';

const body = Buffer.from('400 Bad Request');

test('a 400 without headers of a handler is the apiserver’s, which could not parse the request', t => {
	t.true(isUnparsedRequest(400, {'content-type': 'text/plain; charset=utf-8', connection: 'close'}, body));
});

test('a 400 with the headers of a handler can be the response of a backend', t => {
	t.false(isUnparsedRequest(400, {'audit-id': 'a1', 'cache-control': 'no-cache, private'}, body));
	t.false(isUnparsedRequest(400, {'cache-control': 'no-cache, private'}, body));
});

test('another text or status is not that of a request that could not be parsed', t => {
	t.false(isUnparsedRequest(400, {}, Buffer.from('missing parameter')));
	t.false(isUnparsedRequest(500, {}, body));
});
