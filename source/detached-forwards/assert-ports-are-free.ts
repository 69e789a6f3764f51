/** One detached forward per local port and name of --host. */
import {SpokeError} from '../errors/spoke-error.ts';
import {findForwards, type DetachedForwardState, type DetachedListener} from './detached-forward-state.ts';

/** `id`: the forward that asks. @throws SpokeError ERR_PORT_IN_USE that names the forward that runs */
export async function assertPortsAreFree(
	directory: string,
	listeners: readonly DetachedListener[],
	id: string | null = null,
): Promise<void> {
	for (const {state, isRunning} of await findForwards(directory)) {
		const others = isRunning && state.id !== id ? state.listeners : [];
		const taken = listeners.find(({host, port}) => others.some(other => other.host === host && other.port === port));
		if (taken !== undefined) {
			throw portTaken(taken, state);
		}
	}
}

function portTaken({host, port}: DetachedListener, {name, process: {pid}}: DetachedForwardState): SpokeError {
	const where = host === null ? '' : ` of ${host}`;
	return new SpokeError('ERR_PORT_IN_USE', `local port ${port}${where} belongs to the detached forward ${name} (process ${pid})`, {
		remedy: `stop it with \`spoke forwards stop ${name}\`, or choose another local port`,
	});
}
