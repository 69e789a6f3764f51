/** Lists and watches of very many pods: 20 namespaces of 7,500 by default. */
import type {ServerResponse} from 'node:http';
import {writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import type {ExecutionContext} from 'ava';
import {answerFrom, type ByHand, serve} from './api-server.ts';
import {kubeconfigText} from './kubeconfig-text.ts';

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

	const answer: ByHand = (request, response, query) => {
		const [path = ''] = request.url!.split('?');
		response.setHeader('content-type', 'application/json');
		if (query.get('watch') === 'true') {
			response.writeHead(200).flushHeaders();
			watchers.add(response);
			response.on('close', () => watchers.delete(response));
			return;
		}

		const [, namespace] = /^\/api\/v1\/namespaces\/ns-(\d+)\/pods$/.exec(path) ?? [];
		const table = {kind: 'Table', metadata: {resourceVersion: '1000'}, columnDefinitions: columns.slice(0, 1)};
		answerFrom({
			'/api/v1/pods': page(0, 0, 1),
			'/api/v1/namespaces': {...table, rows: Array.from({length: namespaces}, (_, index) => ({cells: [`ns-${index}`], object: null}))},
			'/version': '{"major":"1","minor":"36","gitVersion":"v1.36.3"}',
			...(namespace !== undefined && {
				[path]: page(Number(namespace), Number(query.get('continue') ?? 0), Number(query.get('limit') ?? 500)),
			}),
		})(request, response, query);
	};

	const server = await serve(t, answer, {plain: true});
	const kubeconfigFile = join(server.folder, 'kubeconfig.json');
	await writeFile(kubeconfigFile, kubeconfigText({server: server.url, user: {}, namespace: 'ns-0'}));
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
