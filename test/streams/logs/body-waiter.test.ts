/** Reading all received data in one piece. */
import {Readable} from 'node:stream';
import test from 'ava';
import {readAvailable} from '../../../source/streams/logs/body-waiter.ts';

/** Node 26 reads one buffer at a time. `onRead` can push more. */
function pieceByPiece(pieces: string[], onRead: () => void = () => undefined) {
	return {
		get readableLength() {
			return pieces.join('').length;
		},
		read() {
			const piece = pieces.shift();
			onRead();
			return piece === undefined ? null : Buffer.from(piece);
		},
	};
}

test('all available bytes are one chunk', t => {
	const body = pieceByPiece(['one\n', 'two\n', 'three']);
	t.is(String(readAvailable(body)), 'one\ntwo\nthree');
	t.is(readAvailable(body), null);
});

test('bytes that arrive because of a read are left for the next one', t => {
	const pieces = ['one\n', 'two\n'];
	const body = pieceByPiece(pieces, () => {
		pieces.push('more\n');
	});
	t.is(String(readAvailable(body)), 'one\ntwo\n');
	t.is(String(readAvailable(body)), 'more\nmore\n');
});

test('a Node.js stream returns all buffered bytes, then its end', t => {
	const body = new Readable({read() {}});
	for (const piece of ['one\n', 'two\n', null]) {
		body.push(piece);
	}

	t.is(String(readAvailable(body)), 'one\ntwo\n');
	t.is(readAvailable(body), null);
});
