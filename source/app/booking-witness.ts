/** A witness that labels connections, and books them under a row of the dock. */
import type {Labeller} from '../posture/label.ts';
import type {ConnectionWitness} from '../sessions/connection-witness.ts';
import type {Store} from './store.ts';

export function bookingWitness(store: Store, {witness}: Labeller, id: string): ConnectionWitness {
	const book = (event: 'connected' | 'disconnected', connection: string) => {
		store.data({type: 'dock', event: {type: event, id, connection}});
	};

	return {
		...witness,
		async beforeUse(connection, purpose) {
			book('connected', connection.id);
			await witness.beforeUse?.(connection, purpose);
		},
		opened(connection, purpose, about) {
			book('connected', connection.id);
			store.data({type: 'dock', event: {type: 'change', id, to: {phase: 'open', note: ''}}});
			witness.opened?.(connection, purpose, about);
		},
		closed(connection, purpose) {
			witness.closed?.(connection, purpose);
			book('disconnected', connection.id);
		},
	};
}
