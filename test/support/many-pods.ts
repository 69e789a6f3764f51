/** Lists and watches of very many pods: 20 namespaces of 7,500 by default. */
import {createServer, type ServerResponse} from 'node:http';
import {writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import type {ExecutionContext} from 'ava';
import {kubeconfigText} from './kubeconfig-text.ts';
import {listenOnLoopback} from './listen-on-loopback.ts';
import {temporaryDirectory} from './temporary-directory.ts';

const columns = ['Name', 'Ready', 'Status', 'Restarts', 'Age', 'IP', 'Node', 'Nominated Node', 'Readiness Gates'].map((name, index) => ({
	name,
	type: 'string',
	format: name === 'Name' ? 'name' : '',
	priority: index > 4 ? 1 : 0,
}));

export type ManyPods = {
	kubeconfigFile: string;
	change(type: 'ADDED' | 'DELETED' | 'MODIFIED', namespace: string, name: string, status: string): void;
};

export async function manyPods(t: Pick<ExecutionContext, 'teardown'>, {namespaces = 20, podsEach = 7500} = {}): Promise<ManyPods> {
	const watchers = new Set<ServerResponse>();
	const cells = (name: string, index: number, status = 'Running') => [
		name,
		'1/1',
		status,
		'0',
		'3d',
		`10.1.${index % 200}.${index % 250}`,
		`node-${index % 5000}`,
		'<none>',
		'<none>',
	];
	const pages = new Map<string, string>();
	const page = (namespace: number, from: number, limit: number) => {
		const key = `${namespace} ${from} ${limit}`;
		const to = Math.min(podsEach, from + limit);
		const known =
			pages.get(key) ??
			JSON.stringify({
				kind: 'Table',
				apiVersion: 'meta.k8s.io/v1',
				metadata: {resourceVersion: '1000', ...(to < podsEach && {continue: String(to), remainingItemCount: podsEach - to})},
				columnDefinitions: columns,
				rows: Array.from({length: to - from}, (_, index) => ({
					cells: cells(`workload-${String(from + index).padStart(6, '0')}-x2xkq`, from + index),
					object: null,
				})),
			});
		pages.set(key, known);
		return known;
	};

	const server = createServer((request, response) => {
		const url = new URL(request.url ?? '/', 'http://x');
		response.setHeader('content-type', 'application/json');
		if (url.searchParams.get('watch') === 'true') {
			response.writeHead(200);
			response.flushHeaders();
			watchers.add(response);
			response.on('close', () => watchers.delete(response));
			return;
		}

		const pods = /^\/api\/v1\/namespaces\/ns-(\d+)\/pods$/.exec(url.pathname);
		if (pods) {
			response.end(page(Number(pods[1]), Number(url.searchParams.get('continue') ?? 0), Number(url.searchParams.get('limit') ?? 500)));
		} else if (url.pathname === '/api/v1/pods') {
			response.end(page(0, 0, 1));
		} else if (url.pathname === '/api/v1/namespaces') {
			response.end(
				JSON.stringify({
					kind: 'Table',
					metadata: {resourceVersion: '1000'},
					columnDefinitions: columns.slice(0, 1),
					rows: Array.from({length: namespaces}, (_, index) => ({cells: [`ns-${index}`], object: null})),
				}),
			);
		} else if (url.pathname === '/version') {
			response.end('{"major":"1","minor":"36","gitVersion":"v1.36.3"}');
		} else {
			response.writeHead(404).end(JSON.stringify({kind: 'Status', status: 'Failure', reason: 'NotFound', message: 'not here', code: 404}));
		}
	});
	const port = await listenOnLoopback(server);
	const folder = await temporaryDirectory(t);
	const kubeconfigFile = join(folder, 'kubeconfig.json');
	const url = `http://127.0.0.1:${port}`;
	await writeFile(kubeconfigFile, kubeconfigText({server: url, user: {}, namespace: 'ns-0'}));
	t.teardown(() => {
		server.closeAllConnections();
		server.close();
	});
	return {
		kubeconfigFile,
		change(type, namespace, name, status) {
			const object = {
				kind: 'Table',
				metadata: {resourceVersion: '1001'},
				columnDefinitions: columns,
				rows: [{cells: cells(name, 7, status), object: {metadata: {name, namespace, uid: `uid-${name}`, resourceVersion: '1001'}}}],
			};
			for (const watcher of watchers) {
				watcher.write(`${JSON.stringify({type, object})}\n`);
			}
		},
	};
}
