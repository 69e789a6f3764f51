/** A body of JSON values, one a line, however its bytes were cut. */
import type {Readable} from 'node:stream';
import {SpokeError} from '../errors/spoke-error.ts';
import {ByteCollector} from '../wire/byte-collector.ts';
import {notKubernetesError} from './validate-object.ts';

/** An object of etcd is at most 1.5 MiB; its table row or managed fields may make it some times larger. */
const longestLine = 32 * 1024 * 1024;

/**
Values as they come whole.
@yields one parsed value a line
@throws SpokeError ERR_PROTOCOL for a line that is too long or is not JSON; a last line without its end is dropped, since it was cut
*/
export async function* jsonLines(body: Readable, what: string): AsyncGenerator {
	const begun = new ByteCollector(longestLine);
	const add = (piece: Buffer) => {
		if (!begun.add(piece)) {
			throw new SpokeError('ERR_PROTOCOL', `${what} sent a line of more than ${longestLine / 1024 / 1024} MiB`);
		}
	};

	for await (const chunk of body as AsyncIterable<Buffer>) {
		let from = 0;
		for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, from)) {
			add(chunk.subarray(from, end));
			const line = begun.take().toString('utf8');
			from = end + 1;
			if (line.trim() !== '') {
				yield parse(line, what);
			}
		}

		add(chunk.subarray(from));
	}
}

function parse(line: string, what: string): unknown {
	try {
		return JSON.parse(line);
	} catch (error) {
		throw notKubernetesError(`${what} sent a line that is not JSON: ${(error as Error).message.split('\n', 1)[0]!}`, error);
	}
}
