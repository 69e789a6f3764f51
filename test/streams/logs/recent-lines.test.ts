/** The memory of recent lines. */
import test from 'ava';
import {LineMemory, type StoredBytes} from '../../../source/streams/logs/recent-lines.ts';

/** Stores `count` lines and keeps the last `kept`; returns the sizes of the chunks that were used. */
function storeLines(memory: LineMemory, count: number, kept: number): ReadonlyMap<ArrayBufferLike, number> {
	const chunks = new Map<ArrayBufferLike, number>();
	const stored: Array<{line: string; bytes: StoredBytes}> = [];
	for (let index = 0; index < count; index++) {
		const line = `line ${index} `.padEnd(99, 'x') + '\n';
		const bytes = memory.store(Buffer.from(line));
		chunks.set(bytes.bytes.buffer, bytes.bytes.buffer.byteLength);
		stored.push({line, bytes});
		if (stored.length > kept) {
			const {line, bytes} = stored.shift()!;
			if (bytes.bytes.toString() !== line) {
				throw new Error(`overwritten: ${line}`);
			}

			memory.free(bytes);
		}
	}

	return chunks;
}

test('a quiet log needs little memory, however long it is followed', t => {
	const chunks = storeLines(new LineMemory(), 20_000, 20);
	t.true([...chunks.values()].reduce((sum, size) => sum + size, 0) <= 64 * 1024, [...chunks.values()].join(' '));
	t.is(Math.min(...chunks.values()), 16 * 1024);
});

test('a flood grows its chunks to 1 MiB and then reuses them', t => {
	const chunks = storeLines(new LineMemory(), 200_000, 15_000);
	t.is(Math.max(...chunks.values()), 1024 * 1024);
	t.true(chunks.size < 12, [...chunks.values()].join(' '));
});

test('what was stored last is extended in place, up to the limit', t => {
	const memory = new LineMemory();
	const first = memory.store(Buffer.from('12'));
	const second = memory.store(Buffer.from('34'));
	t.false(memory.extend(first, Buffer.from('x'), 100), 'another one follows it');
	const {byteOffset} = second.bytes;
	t.true(memory.extend(second, Buffer.from('567'), 5));
	t.deepEqual([second.bytes.toString(), second.bytes.byteOffset], ['34567', byteOffset]);
	t.false(memory.extend(second, Buffer.from('8'), 5));
	t.is(second.bytes.toString(), '34567');
	t.is(first.bytes.toString(), '12');
});

test('a chunk is filled to its last byte, and not beyond', t => {
	const memory = new LineMemory();
	const room = memory.store(Buffer.from('a')).bytes.buffer.byteLength - 1;
	const begun = memory.store(Buffer.alloc(room - 3, '2'));
	t.false(memory.extend(begun, Buffer.alloc(4, '3'), Infinity));
	t.true(memory.extend(begun, Buffer.alloc(3, '3'), Infinity));
	t.is(begun.bytes.subarray(-5).toString(), '22333');
});

test('the memory of freed lines is used again from its start', t => {
	const memory = new LineMemory();
	const stored = ['a', 'b'].map(line => memory.store(Buffer.from(line)));
	for (const line of stored) {
		memory.free(line);
	}

	const next = memory.store(Buffer.from('3'));
	t.is(next.bytes.buffer, stored[0]!.bytes.buffer);
	t.is(next.bytes.byteOffset, 0);
});
