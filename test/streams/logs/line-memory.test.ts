/** The memory of recent lines. */
import test from 'ava';
import {LineMemory, type StoredBytes} from '../../../source/streams/logs/line-memory.ts';

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
});

test('a flood grows its chunks to 1 MiB and then reuses them', t => {
	const chunks = storeLines(new LineMemory(), 200_000, 15_000);
	t.is(Math.max(...chunks.values()), 1024 * 1024);
	t.true(chunks.size < 12, [...chunks.values()].join(' '));
});
