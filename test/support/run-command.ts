/** The pod and streams of remote command tests. */
import type {Socket} from 'node:net';
import type {Readable} from 'node:stream';
import type {ResolvedTarget} from '../../source/streams/connection-observer.ts';

export const reachedWeb: ResolvedTarget = {
	asked: 'web',
	kind: 'Pod',
	namespace: 'default',
	name: 'web',
	uid: 'u1',
	node: 'n1',
	container: 'app',
	chosenFrom: 1,
};

export function reset(socket: Socket): void {
	(socket as unknown as {_parent: Socket})._parent.resetAndDestroy();
}

export async function bytes(stream: Readable): Promise<Buffer> {
	const pieces: Buffer[] = [];
	try {
		for await (const piece of stream as AsyncIterable<Buffer>) {
			pieces.push(piece);
		}
	} catch {
		// The outcome says how it ended.
	}

	return Buffer.concat(pieces);
}

export async function text(stream: Readable): Promise<string> {
	return (await bytes(stream)).toString();
}
