/** What has arrived of an answer is read in one piece, whatever one read gives. */
import {Readable} from 'node:stream';
import test from 'ava';
import {readAvailable} from '../../../source/streams/logs/readable-watch.ts';

/** As Node 26 reads: one buffer at a time. `onRead` may let more come, as a source does that was waiting for room. */
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

test('all that has come is one piece', t => {
	const body = pieceByPiece(['one\n', 'two\n', 'three']);
	t.is(String(readAvailable(body)), 'one\ntwo\nthree');
	t.is(readAvailable(body), null);
});

test('what comes only because it is read is left for the next time', t => {
	const pieces = ['one\n', 'two\n'];
	const body = pieceByPiece(pieces, () => {
		pieces.push('more\n');
	});
	t.is(String(readAvailable(body)), 'one\ntwo\n');
	t.is(String(readAvailable(body)), 'more\nmore\n');
});

test('a stream of this Node gives all that it holds, then its end', t => {
	const body = new Readable({read() {}});
	for (const piece of ['one\n', 'two\n', null]) {
		body.push(piece);
	}

	t.is(String(readAvailable(body)), 'one\ntwo\n');
	t.is(readAvailable(body), null);
});
