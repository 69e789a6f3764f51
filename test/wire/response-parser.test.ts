import test from 'ava';
import {ResponseParser} from '../../source/wire/response-parser.ts';
import {type CompleteResponse, ResponseDecoder} from '../support/response-decoder.ts';

const shape = ({status, statusText, headers, body, closesConnection: last}: CompleteResponse) => ({
	status,
	statusText,
	headers,
	body: body.toString(),
	last,
});

function decoded(bytes: Buffer, cuts: readonly number[], end = false): Array<ReturnType<typeof shape>> {
	const decoder = new ResponseDecoder({maxBodyBytes: 1000});
	const answers: CompleteResponse[] = [];
	let from = 0;
	for (const cut of [...cuts, bytes.length]) {
		answers.push(...decoder.push(bytes.subarray(from, cut)));
		from = cut;
	}

	const last = end ? decoder.end() : undefined;
	return [...answers, ...(last ? [last] : [])].map(answer => shape(answer));
}

const three = Buffer.from(
	[
		'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 4\r\n\r\n{  }',
		'HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 403 Forbidden\r\nTransfer-Encoding: chunked\r\nA: 1\r\na:2 \r\nSet-Cookie: b\r\nSet-Cookie: c\r\n\r\n5;x=y\r\nhello\r\n000B\r\n, the rest\n\r\n0\r\nTrailer: t\r\n\r\n',
		'HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n',
		'HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n',
	].join(''),
);

const expected = [
	{status: 200, statusText: 'OK', headers: {'content-type': 'application/json', 'content-length': '4'}, body: '{  }', last: false},
	{
		status: 403,
		statusText: 'Forbidden',
		headers: {'transfer-encoding': 'chunked', a: '1, 2', 'set-cookie': ['b', 'c']},
		body: 'hello, the rest\n',
		last: false,
	},
	{status: 204, statusText: 'No Content', headers: {'content-length': '5'}, body: '', last: false},
	{status: 404, statusText: 'Not Found', headers: {'content-length': '0', connection: 'close'}, body: '', last: true},
];

test('four pipelined responses are separated wherever the bytes are split', t => {
	t.deepEqual(decoded(three, []), expected);
	t.deepEqual(
		decoded(
			three,
			Array.from({length: three.length - 1}, (_, index) => index + 1),
		),
		expected,
	);
	for (let cut = 1; cut < three.length; cut++) {
		t.deepEqual(decoded(three, [cut]), expected, `cut at ${cut}`);
	}
});

test('a response without a length ends with its connection', t => {
	const bytes = Buffer.from('HTTP/1.0 200 OK\r\nServer: old\r\n\r\nall of this');
	t.deepEqual(decoded(bytes, [40], true), [{status: 200, statusText: 'OK', headers: {server: 'old'}, body: 'all of this', last: true}]);
	t.deepEqual(
		decoded(Buffer.from('HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 1\r\n\r\nx'), []).map(({last}) => last),
		[false],
	);
	const lastOf = (head: string) => decoded(Buffer.from(`HTTP/1.${head}\r\nContent-Length: 0\r\n\r\n`), [])[0]?.last;
	t.deepEqual(
		['0 200 OK', '0 200 OK\r\nConnection: Keep-Alive', '1 200 OK', '1 200 OK\r\nConnection: x , Close', '1 200'].map(head => lastOf(head)),
		[true, false, false, true, false],
	);
	t.deepEqual(
		decoded(Buffer.from('HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n'), []).map(({body}) => body),
		[''],
	);
});

test('a folded header and a repeated equal length are read as in Go', t => {
	const bytes = Buffer.from('HTTP/1.1 200 OK\r\nA: b\r\n c: d\r\n\t \te\r\nContent-Length: 5\r\nB: c\r\ncontent-length: 5 \r\n\r\nhello');
	for (let cut = 1; cut < bytes.length; cut++) {
		const [answer] = decoded(bytes, [cut]);
		t.deepEqual(answer?.headers, {a: 'b c: d e', 'content-length': '5', b: 'c'}, `cut at ${cut}`);
		t.is(answer?.body, 'hello');
	}
});

test('a status needs no text', t => {
	t.is(decoded(Buffer.from('HTTP/1.1 204\r\n\r\n'), [])[0]?.statusText, '');
});

test('a header name can be a property name of Object.prototype', t => {
	const [answer] = decoded(Buffer.from('HTTP/1.1 204 No Content\r\nConstructor: a\r\nToString: b\r\n\r\n'), []);
	t.deepEqual(answer?.headers, {constructor: 'a', tostring: 'b'});
});

test('a response that has started but not ended is an error at the end', t => {
	for (const part of [
		'HTTP/1.1 2',
		'HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nx',
		'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n',
	]) {
		const decoder = new ResponseDecoder({maxBodyBytes: 1000});
		t.false(decoder.hasStarted);
		t.deepEqual(decoder.push(Buffer.from(part)), []);
		t.true(decoder.hasStarted);
		t.throws(() => decoder.end(), {code: 'ERR_PROTOCOL', message: 'the response was truncated'});
	}

	t.is(new ResponseDecoder({maxBodyBytes: 1}).end(), undefined);
});

test('a response to HEAD has no body, wherever the bytes are split', t => {
	const bytes = Buffer.from('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx');
	for (let cut = 0; cut <= bytes.length; cut++) {
		const decoder = new ResponseDecoder({maxBodyBytes: 1000, methods: ['HEAD', 'GET']});
		const responses = [...decoder.push(bytes.subarray(0, cut)), ...decoder.push(bytes.subarray(cut))];
		t.deepEqual(
			responses.map(({headers, body}) => [headers['content-length'], body.toString()]),
			[
				['9', ''],
				['1', 'x'],
			],
			`cut at ${cut}`,
		);
	}
});

test('nothing is parsed after a 101, wherever the bytes are split', t => {
	const bytes = Buffer.from('HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\nHTTP/1.1 200 OK\r\n\r\n');
	for (let cut = 0; cut <= bytes.length; cut++) {
		const statuses: number[] = [];
		const parser = new ResponseParser({
			limits: () => ({hasBody: true, maxBodyBytes: 1000}),
			onHead: ({status}) => statuses.push(status),
			onBodyChunk: () => t.fail(),
			onEnd: () => t.fail(),
		});
		parser.push(bytes.subarray(0, cut));
		parser.push(bytes.subarray(cut));
		t.deepEqual([statuses, parser.rest.toString()], [[101], 'HTTP/1.1 200 OK\r\n\r\n'], `cut at ${cut}`);
	}
});

const chunked = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n';

test('chunk sizes are read in every spelling, wherever they are split', t => {
	for (const size of ['a', 'A', '0a', '0000000A', 'A;x=1', 'a ;x', 'A\t ']) {
		const bytes = Buffer.from(`${chunked}${size}\r\n0123456789\r\n19\r\n${'x'.repeat(25)}\r\n0\r\n\r\n`);
		for (let cut = chunked.length; cut < bytes.length; cut++) {
			t.is(decoded(bytes, [cut])[0]?.body, `0123456789${'x'.repeat(25)}`, `${size} cut at ${cut}`);
		}
	}
});

for (const size of ['', ' a', '-1', '+1', '0x1', '1g', '1`', '1@', '1:', '1/', 'g1', '000000001', '1 2', '1\rx']) {
	test(`${JSON.stringify(size)} is not a valid chunk size`, t => {
		t.throws(() => decoded(Buffer.from(`${chunked}${size}\r\nx\r\n0\r\n\r\n`), []), {code: 'ERR_PROTOCOL'});
	});
}

test('a body is passed on without a copy, after a head that was split too', t => {
	const bodies: Buffer[] = [];
	const parser = new ResponseParser({
		limits: () => ({hasBody: true, maxBodyBytes: 1000}),
		onHead: () => {},
		onBodyChunk: bytes => bodies.push(bytes),
		onEnd: () => {},
	});
	const [whole, start, rest] = ['HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx', 'HTTP/1.1 200 OK\r\n\r', '\n'].map(text =>
		Buffer.from(text),
	);
	parser.push(whole!);
	t.is(bodies[0], whole);
	parser.push(start!);
	parser.push(rest!);
	const body = Buffer.from('until close');
	parser.push(body);
	t.is(bodies[1], body);
});

test('a head is as long as its own bytes, wherever it lies in a chunk', t => {
	const [head, large] = ['HTTP/1.1 200 OK\r\nContent-Length: ', 'x'.repeat(70_000)];
	const decoder = new ResponseDecoder({maxBodyBytes: 100_000});
	const answers = decoder.push(Buffer.from(`${head}70000\r\n\r\n${large}${head}1\r\n\r\nx`));
	t.deepEqual(
		answers.map(({body}) => body.length),
		[70_000, 1],
	);
});

const refused: ReadonlyArray<[what: string, bytes: string, message: RegExp]> = [
	['what is no HTTP', 'SSH-2.0-x\r\n\r\n', /invalid HTTP\/1\.1 response: "SSH-2.0-x"/],
	['HTTP/2', 'HTTP/2 200\r\n\r\n', /invalid HTTP\/1\.1 response/],
	['a line that is no header', 'HTTP/1.1 200 OK\r\nno header\r\n\r\n', /invalid HTTP header: "no header"/],
	['a first header that begins with a space', 'HTTP/1.1 200 OK\r\n A: b\r\n\r\n', /invalid HTTP\/1\.1 response/],
	['a header name on two lines', 'HTTP/1.1 200 OK\r\nA\r\n : b\r\n\r\n', /invalid HTTP header/],
	['two lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx', /invalid Content-Length: "1, 2"/],
	['a list of lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 1, 1\r\n\r\nx', /invalid Content-Length: "1, 1"/],
	['a negative length', 'HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n', /invalid Content-Length/],
	['a length beyond the limit', 'HTTP/1.1 200 OK\r\nContent-Length: 1001\r\n\r\n', /larger than 1000 bytes/],
	[
		'chunks beyond the limit together',
		`HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3e8\r\n${'x'.repeat(1000)}\r\n1\r\n`,
		/larger than 1000 bytes/,
	],
	['a size of a chunk that is none', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n', /invalid chunk size: "xyz"/],
	['a size whose carriage return is not before the line feed', `${chunked}1\rx\n\r\n0\r\n\r\n`, /invalid chunk size: "1\\rx\\n"/],
	['a chunk longer than its size', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nxy\r\n', /longer than its size/],
	['a chunk followed by a carriage return alone', `${chunked}1\r\nx\ry0\r\n\r\n`, /longer than its size/],
	['a chunk followed by a line feed alone', `${chunked}1\r\nxy\n0\r\n\r\n`, /longer than its size/],
	['another transfer coding', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n', /transfer coding: gzip, chunked/],
];

for (const [what, bytes, message] of refused) {
	test(`rejects ${what}`, t => {
		t.throws(() => new ResponseDecoder({maxBodyBytes: 1000}).push(Buffer.from(bytes)), {code: 'ERR_PROTOCOL', message});
	});
}
