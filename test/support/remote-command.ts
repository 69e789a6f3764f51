/** The pod of remote command tests, and how its connection fails. */
import type {Socket} from 'node:net';
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
