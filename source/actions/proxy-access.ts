/** What a request through the apiserver proxy touches. */
import type {AccessClass} from './access.ts';

/** `runsCommands`: its path is one behind which a kubelet runs commands, which it does for a GET as well. */
export function proxyAccess({method, runsCommands, websocket}: {method: string; runsCommands: boolean; websocket: boolean}): AccessClass {
	if (runsCommands) {
		return 'shell';
	}

	// What is said over a WebSocket is not seen here.
	return !websocket && ['GET', 'HEAD', 'OPTIONS'].includes(method.toUpperCase()) ? 'read' : 'write';
}
