/** What a socket brings is taken turn by turn, none of it twice, and never so much that a key would wait for it. */
import {Duplex} from 'node:stream';
import {setTimeout as delay} from 'node:timers/promises';
import test from 'ava';
import {ReadCoalescer} from '../../source/cluster/transport/read-coalescer.ts';

/** Brings the pieces as fast as they are read. */
function flood(pieces: readonly Buffer[]): Duplex {
	const waiting = [...pieces];
	return new Duplex({
		read() {
			this.push(waiting.shift() ?? null);
		},
	});
}

/** A socket that brings what is pushed into it, and what was taken of it as text. */
function quiet() {
	const socket = new Duplex({read() {}});
	const taken: string[] = [];
	const batch = new ReadCoalescer(
		socket,
		bytes => {
			taken.push(bytes.toString());
		},
		{isInteractive: true},
	);
	return {socket, batch, taken};
}

const numbered = (count: number, length: (number: number) => number) =>
	Array.from({length: count}, (_, number) => Buffer.alloc(length(number), number));

test('of a flood no more is read in one turn of the event loop than leaves time for keys, and nothing is lost', async t => {
	const pieces = numbered(1000, number => 1024 * (1 + (number % 40)));
	const all = Buffer.concat(pieces);
	const socket = flood(pieces);
	const taken: Buffer[] = [];
	let inThisTurn = 0;
	let mostInATurn = 0;
	const batch = new ReadCoalescer(
		socket,
		bytes => {
			inThisTurn += bytes.length;
			taken.push(Buffer.from(bytes));
			// It is the taker's.
			bytes.fill(0xff);
		},
		{isInteractive: true},
	);
	let isOpen = true;
	const nextTurn = () => {
		mostInATurn = Math.max(mostInATurn, inThisTurn);
		inThisTurn = 0;
		if (isOpen) {
			setImmediate(nextTurn);
		}
	};

	setImmediate(nextTurn);
	await new Promise(resolve => {
		socket.once('end', resolve);
	});
	batch.flush();
	isOpen = false;
	t.true(Buffer.concat(taken).equals(all));
	t.true(mostInATurn > 16_384 && mostInATurn < 150_000, `${mostInATurn} bytes`);
});

test('small pieces of one turn are one, and a piece that is alone waits for no other', async t => {
	const {socket, batch, taken} = quiet();
	socket.push('a');
	socket.push('b');
	await delay(1);
	t.deepEqual(taken, ['ab']);
	socket.push('c');
	await delay(1);
	t.deepEqual(taken, ['ab', 'c']);
	batch.end();
});

test('what is held back comes once it is wanted again', async t => {
	const pieces = numbered(100, () => 8192);
	const socket = flood(pieces);
	const taken: Buffer[] = [];
	const batch = new ReadCoalescer(
		socket,
		bytes => {
			taken.push(Buffer.from(bytes));
			batch.pause();
		},
		{isInteractive: false},
	);
	await delay(30);
	const held = Buffer.concat(taken).length;
	t.true(held < 150_000, `${held} bytes`);
	await delay(30);
	t.is(Buffer.concat(taken).length, held);
	const ended = new Promise(resolve => {
		socket.once('end', resolve);
	});
	const wanting = setInterval(() => {
		batch.resume();
	}, 1);
	await ended;
	clearInterval(wanting);
	batch.flush();
	t.true(Buffer.concat(taken).equals(Buffer.concat(pieces)));
});

test('a batch that ends with what it brought leaves the socket as it is for the next one', async t => {
	const socket = new Duplex({read() {}});
	const batch = new ReadCoalescer(
		socket,
		() => {
			batch.end();
		},
		{isInteractive: true},
	);
	// As much as a pause follows.
	socket.push(Buffer.alloc(8192));
	await delay(1);
	t.false(socket.isPaused());
	socket.pause();
	await delay(20);
	t.true(socket.isPaused());
});

test('after its end the socket is the next one’s, and what came before is not', async t => {
	const {socket, batch, taken} = quiet();
	socket.push('mine');
	await delay(1);
	batch.end();
	const next: string[] = [];
	socket.on('data', bytes => next.push(String(bytes)));
	socket.push('theirs');
	await delay(1);
	t.deepEqual([taken, next], [['mine'], ['theirs']]);
});
