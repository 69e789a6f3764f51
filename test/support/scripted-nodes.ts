/** Nodes of a sandbox whose kubelets are scripted, each with one Running pod of the node's name in `default`. */
import type {ExecutionContext} from 'ava';
import type {Sandbox} from '../../source/sandbox/sandbox.ts';
import {type ByHand, serve} from './api-server.ts';
import {issue} from './certificates.ts';
import {ask, type Asked} from './sandbox-client.ts';

export type ScriptedNode =
	/** Answers requests for logs over TLS. */
	| ByHand
	/** Completes the TLS handshake and never answers. */
	| {kind: 'silent'}
	/** Nothing listens. */
	| {kind: 'closed'}
	/** No pod runs there. */
	| {kind: 'no-pod'; labels?: Readonly<Record<string, string>>};

export async function addScriptedNodes(
	t: Pick<ExecutionContext, 'teardown'>,
	sandbox: Sandbox,
	nodes: Readonly<Record<string, ScriptedNode>>,
): Promise<void> {
	const {certificate, key} = await issue({commonName: 'system:node:scripted', ip: ['127.0.0.1']});
	for (const [name, node] of Object.entries(nodes)) {
		const server = await serve(t, typeof node === 'function' ? node : undefined, {cert: certificate, key});
		const {port} = server;
		if ('kind' in node && node.kind === 'closed') {
			await server.close();
		}

		await mustAsk(sandbox, '/api/v1/nodes', {
			method: 'POST',
			body: {
				metadata: {name, ...('labels' in node && {labels: node.labels})},
				status: {addresses: [{type: 'InternalIP', address: '127.0.0.1'}], daemonEndpoints: {kubeletEndpoint: {Port: port}}},
			},
		});
		if (!('kind' in node && node.kind === 'no-pod')) {
			await addPod(sandbox, name);
		}
	}
}

async function addPod(sandbox: Sandbox, name: string): Promise<void> {
	await mustAsk(sandbox, '/api/v1/namespaces/default/pods', {
		method: 'POST',
		body: {metadata: {name}, spec: {nodeName: name, containers: [{name: 'c', image: 'scripted'}]}},
	});
	await mustAsk(sandbox, `/api/v1/namespaces/default/pods/${name}`, {
		method: 'PATCH',
		headers: {'content-type': 'application/merge-patch+json'},
		body: {
			status: {
				phase: 'Running',
				containerStatuses: [{name: 'c', image: 'scripted', imageID: '', ready: true, restartCount: 0, state: {running: {}}}],
			},
		},
	});
}

async function mustAsk(sandbox: Sandbox, path: string, asked: Asked): Promise<void> {
	const {status, body} = await ask(sandbox, path, asked);
	if (status >= 300) {
		throw new Error(`the sandbox answered ${status}: ${body}`);
	}
}
