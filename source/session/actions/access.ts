/** Effects of actions. */
import {SpokeError} from '../../base/errors/spoke-error.ts';

/**
- `read`: changes nothing
- `stream`: reads as long as it is open (logs)
- `shell`: runs something in a container or on a node, or sends input to it (exec, attach, the kubelet's run)
- `listen`: opens a local port for others (forwards, the local API proxy)
- `write`: may change an object, or state of the application that a proxied request reaches
*/
export type AccessClass = 'read' | 'stream' | 'shell' | 'listen' | 'write';

const allowedReadOnly: Readonly<Record<AccessClass, boolean>> = {read: true, stream: true, shell: false, listen: false, write: false};

export function isAccessAllowed(access: AccessClass, {readOnly}: {readOnly: boolean}): boolean {
	return !readOnly || allowedReadOnly[access];
}

/** @throws SpokeError ERR_READ_ONLY that names the action */
export function assertAccess(action: string, access: AccessClass, options: {readOnly: boolean}): void {
	if (!isAccessAllowed(access, options)) {
		throw new SpokeError('ERR_READ_ONLY', `${action} is refused: --read-only is set, and the action ${effects[access]}`);
	}
}

const effects: Readonly<Record<AccessClass, string>> = {
	read: 'reads',
	stream: 'reads',
	shell: 'runs commands',
	listen: 'opens a port that others can use',
	write: 'may change something',
};

/** `runsCommands`: a kubelet runs commands on requests for this path, even on a GET. */
export function proxyAccess({method, runsCommands, websocket}: {method: string; runsCommands: boolean; websocket: boolean}): AccessClass {
	if (runsCommands) {
		return 'shell';
	}

	// What will be sent over a WebSocket is unknown in advance.
	return !websocket && ['GET', 'HEAD', 'OPTIONS'].includes(method.toUpperCase()) ? 'read' : 'write';
}
