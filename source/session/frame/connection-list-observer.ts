/** Records connections in the connection list. */
import type {Path} from '../../evidence/evidence.ts';
import type {Labeler} from '../../evidence/connection-labeler.ts';
import type {ConnectionObserver} from '../../streams/connection-observer.ts';
import type {Store} from './store.ts';

export function connectionListObserver(store: Store, {observer}: Pick<Labeler, 'observer'>, id: string): ConnectionObserver {
	const dispatchConnection = (event: 'connected' | 'disconnected', connection: string) => {
		store.dispatch({type: 'connections', event: {type: event, id, connection}});
	};

	return {
		...observer,
		async beforeUse(connection, purpose) {
			dispatchConnection('connected', connection.id);
			await observer.beforeUse?.(connection, purpose);
		},
		onOpened(connection, purpose, about) {
			dispatchConnection('connected', connection.id);
			store.dispatch({type: 'connections', event: {type: 'change', id, to: {phase: 'open', note: ''}}});
			observer.onOpened?.(connection, purpose, about);
		},
		onRoundTrip(connection, times) {
			store.dispatch({
				type: 'connections',
				event: {
					type: 'overdue-pings',
					connection: connection.id,
					to: {...(times.websocket !== undefined && {websocket: null}), ...(times.runtime !== undefined && {runtime: null})},
				},
			});
			observer.onRoundTrip?.(connection, times);
		},
		onPingOverdue(connection, {websocket, runtime}) {
			const now = Date.now();
			store.dispatch({
				type: 'connections',
				event: {
					type: 'overdue-pings',
					connection: connection.id,
					to: {...(websocket !== undefined && {websocket: now - websocket}), ...(runtime !== undefined && {runtime: now - runtime})},
				},
			});
		},
		onFailed(connection, purpose, error) {
			if (connection) {
				dispatchConnection('connected', connection.id);
			}

			observer.onFailed?.(connection, purpose, error);
		},
		onClosed(connection, purpose) {
			observer.onClosed?.(connection, purpose);
			dispatchConnection('disconnected', connection.id);
		},
	};
}

/** Returns whether the label names a new apiserver process. */
export function dispatchLabel(store: Store, connection: string, path: Path): boolean {
	const {id} = path.process;
	const known = id === null ? [] : store.state.processes.filter(({context}) => context === path.cluster.context);
	store.dispatch({type: 'connections', event: {type: 'label', connection, path}});
	return known.length > 0 && known.every(one => one.id !== id);
}
