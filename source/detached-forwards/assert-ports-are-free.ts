/** One detached forward per local port and name of --host. */
import {SpokeError} from '../errors/spoke-error.ts';
import {findForwards, type DetachedForwardState} from './detached-forward-state.ts';

/** `id`: the forward that asks. @throws SpokeError ERR_PORT_IN_USE that names the forward that runs */
export async function assertPortsAreFree(
	directory: string,
	{ports, hosts}: Pick<DetachedForwardState, 'ports' | 'hosts'>,
	id: string | null = null,
): Promise<void> {
	for (const {state, isRunning} of await findForwards(directory)) {
		const isOther = isRunning && state.id !== id && hosts.some(host => state.hosts.includes(host));
		const port = isOther ? ports.find(port => state.ports.includes(port)) : undefined;
		if (port !== undefined) {
			throw portTaken(port, state);
		}
	}
}

function portTaken(port: number, {name, process: {pid}}: DetachedForwardState): SpokeError {
	return new SpokeError('ERR_PORT_IN_USE', `local port ${port} belongs to the detached forward ${name} (process ${pid})`, {
		remedy: `stop it with \`spoke forwards stop ${name}\`, or choose another local port`,
	});
}
