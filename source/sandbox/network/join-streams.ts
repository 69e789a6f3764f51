/** Connection of two streams, which end together. */
import type {Duplex} from 'node:stream';
import {noop} from './noop.ts';

export function joinStreams(one: Duplex, other: Duplex): void {
	for (const [from, to] of [
		[one, other],
		[other, one],
	] as const) {
		from.on('error', noop);
		from.pipe(to);
		from.on('close', () => {
			to.destroy();
		});
	}
}
