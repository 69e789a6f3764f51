/** Two streams become one way: what comes out of either goes into the other, and they end together. */
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
