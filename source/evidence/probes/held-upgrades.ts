/** Idle port-forward upgrades, which make the apiserver dial and touch no container. */
import type {Duplex} from 'node:stream';
import type {Connection, UpgradeOptions, UpgradeResult} from '../../cluster/cluster-client.ts';

export type HeldUpgrade =
	{held: true; connection: string; end(): void} | {held: false; connection: string; status: number; contentType: string; body: string};

/** A port-forward without streams reaches the kubelet and the container runtime, and no process of the pod. */
type ProbedPod = {namespace: string; name: string};

/** WebSocket first, then SPDY if the carrier is refused; both need the create permission. */
export async function holdUpgrade(open: () => Promise<Connection>, pod: ProbedPod, first?: Connection): Promise<HeldUpgrade> {
	const path = `/api/v1/namespaces/${encodeURIComponent(pod.namespace)}/pods/${encodeURIComponent(pod.name)}/portforward`;
	const carriers: readonly UpgradeOptions[] = [
		{method: 'GET', path, upgrade: 'websocket', protocols: ['SPDY/3.1+portforward.k8s.io'], timeoutMs: 35_000},
		{method: 'POST', path, upgrade: 'SPDY/3.1', protocols: ['portforward.k8s.io'], timeoutMs: 35_000},
	];
	let refused: (Extract<UpgradeResult, {upgraded: false}> & {connection: string}) | undefined;
	for (const [index, carrier] of carriers.entries()) {
		const connection = index === 0 && first ? first : await open();
		const result = await connection.upgrade(carrier);
		if (result.upgraded) {
			return {held: true, connection: connection.id, end: endOf(result.socket)};
		}

		connection.close();
		refused ??= {...result, connection: connection.id};
		// With a Status the apiserver refuses the request or reports a failure beyond it, so another carrier would get the same.
		if (result.body.trimStart().startsWith('{')) {
			break;
		}
	}

	return {
		held: false,
		connection: refused!.connection,
		status: refused!.status,
		contentType: refused!.headers['content-type'] ?? '',
		body: refused!.body,
	};
}

function endOf(socket: Duplex): () => void {
	socket.on('error', () => {});
	socket.resume();
	return () => {
		socket.destroy();
	};
}
