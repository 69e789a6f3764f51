/** Command lines of `debug` that kubectl and spoke share. */
import {readFile} from 'node:fs/promises';
import pod from '../commands/debug/debugged-pod.json' with {type: 'json'};
import {answerFrom, reply, startServer} from './api-server.ts';
import {discovery} from './discovery.ts';

export type DebugOutcome = {
	ok: boolean;
	/** Requests that change something. Random ends of names become `*`. */
	asked: ReadonlyArray<{method: string; path: string; body: unknown}>;
	/** kubectl's stderr; empty on success. */
	reason: string;
};

/** By command line without its program; a no-break space stands for a space inside of a word. */
type RecordedDebug = {kubectl: string; outcomes: Record<string, DebugOutcome>};

export const recordedDebug = new URL('../commands/debug/kubectl-requests.json', import.meta.url);

export async function readRecordedDebug(): Promise<RecordedDebug> {
	return JSON.parse(await readFile(recordedDebug, 'utf8')) as RecordedDebug;
}

/** The recorded command lines and their words, in the order of their recording. */
export const debugRows: ReadonlyArray<{line: string; words: readonly string[]}> = Object.keys((await readRecordedDebug()).outcomes).map(
	line => ({line, words: line.split(' ').map(word => word.replaceAll('\u00A0', ' '))}),
);

type Run = (argv: readonly string[]) => Promise<{ok: boolean; stderr: string}>;

/** `decode` reads protobuf, which kubectl sends. */
export async function tryDebug(
	words: readonly string[],
	run: Run,
	decode: (body: Buffer) => Promise<string> = async body => body.toString(),
): Promise<DebugOutcome> {
	const asked: Array<{method: string; path: string; body: unknown}> = [];
	const server = await startServer({
		async request(request, response, query) {
			const {method = '', url = ''} = request;
			const {pathname} = new URL(url, 'http://x');
			if (method === 'GET') {
				answerFrom(objects)(request, response, query);
				return;
			}

			const sent = Buffer.concat(await Array.fromAsync(request as AsyncIterable<Buffer>));
			const body = JSON.parse(
				(request.headers['content-type'] ?? '').includes('protobuf') ? await decode(sent) : sent.toString(),
			) as unknown;
			asked.push({method, path: pathname, body: comparable(method, body)});
			reply(200, (method === 'POST' ? body : pod) as object)(request, response, query);
		},
	});
	try {
		await server.cluster();
		const {ok, stderr} = await run(['debug', '--kubeconfig', `${server.folder}/config-1`, ...words]);
		return {
			ok,
			asked,
			reason: ok
				? ''
				: stderr
						.trim()
						.split('\n')
						.at(-1)!
						.replace(/^error: /, ''),
		};
	} finally {
		await server.close();
	}
}

/** Keeps only the added container of a patch, and leaves out the UID of a deletion, which kubectl does not send. */
function comparable(method: string, body: unknown): unknown {
	if (method === 'PATCH') {
		const {
			spec: {ephemeralContainers},
		} = body as {spec: {ephemeralContainers: unknown}};
		return withoutDefaults(ephemeralContainers);
	}

	const {preconditions: _, ...fields} = body as Record<string, unknown>;
	return withoutDefaults(method === 'DELETE' ? fields : body);
}

/** Removes what Go prints for unset fields, and random ends of names. */
function withoutDefaults(value: unknown, key = ''): unknown {
	if (Array.isArray(value)) {
		const items = value.map(item => withoutDefaults(item));
		// --env comes from Go maps, which have no order.
		return key === 'env' ? items.sort((a, b) => ((a as {name: string}).name < (b as {name: string}).name ? -1 : 1)) : items;
	}

	if (typeof value === 'object' && value !== null) {
		const entries = Object.entries(value)
			.filter(([name, inner]) => inner !== null && !(['status', 'resources'].includes(name) && Object.keys(inner as object).length === 0))
			.map(([name, inner]) => [name, withoutDefaults(inner, name)] as const);
		return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
	}

	return typeof value === 'string' ? value.replace(/^(debugger-|node-debugger-n1-)[a-z\d]{5}$/, '$1*') : value;
}

const objects: Readonly<Record<string, object>> = {
	...discovery,
	'/api/v1': {
		...discovery['/api/v1'],
		resources: [
			{name: 'pods', singularName: 'pod', namespaced: true, kind: 'Pod', shortNames: ['po'], verbs: ['get', 'list', 'create', 'delete']},
			{name: 'nodes', singularName: 'node', namespaced: false, kind: 'Node', shortNames: ['no'], verbs: ['get', 'list']},
		],
	},
	'/api/v1/namespaces/default/pods/web': pod,
	'/api/v1/nodes/n1': {apiVersion: 'v1', kind: 'Node', metadata: {name: 'n1', uid: 'u3'}, spec: {}, status: {}},
};
