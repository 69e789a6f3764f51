/** The configuration of a forward in the session. */
import type {ForwardConfig} from '../../source/session/forwards/run-forward.ts';

export const toWeb = {
	target: 'svc/web',
	namespace: 'default',
	port: ':80',
	address: '127.0.0.1',
	onPodLoss: 'move',
	host: null,
} as const satisfies Omit<ForwardConfig, 'cluster'>;
