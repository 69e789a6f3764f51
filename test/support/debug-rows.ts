/** Command lines of `debug` that kubectl and spoke share. */
import {readFile} from 'node:fs/promises';
import {startServer} from './api-server.ts';
import {discovery} from './discovery.ts';

const profiles = ['legacy', 'general', 'baseline', 'restricted', 'netadmin', 'sysadmin'];
const image = '--image=busybox';

/** Arguments after `debug`. */
export const debugRows: ReadonlyArray<readonly string[]> = [
	['web', image],
	...profiles.map(profile => ['web', image, '-c', 'd', `--profile=${profile}`]),
	['web', image, '-c', 'd', '--env=A=1,B=2', '--env', 'C=x=y', '--env=D="quoted"', '--image-pull-policy=Always', '--target=app'],
	['web', image, '-c', 'd', '--env=A=one,two'],
	['web', image, '-c', 'd', '--arguments-only', '--', 'a', 'b'],
	['web', image, '-c', 'd', '-it', '--attach=false', '--', 'sh', '-c', 'x'],
	['web', image, '--copy-to=copy'],
	...profiles.map(profile => ['web', image, '-c', 'd', '--copy-to=copy', `--profile=${profile}`]),
	...profiles.map(profile => ['web', '-c', 'app', '--copy-to=copy', `--profile=${profile}`, '--', 'sh']),
	['web', '--copy-to=copy', '--set-image=*=busybox'],
	['web', '--copy-to=copy', '--set-image=app=app:debug,sidecar=sidecar:debug'],
	['web', '--copy-to=copy', '--set-image=app=app:debug', '--set-image=*=other:1', image, '-c', 'd'],
	['web', '--copy-to=copy', '-c', 'app', '--', 'sh', '-c', 'x'],
	['web', '--copy-to=copy', '-c', 'app', '--arguments-only', '--', 'x'],
	['web', '--copy-to=copy', '-c', 'app', image, '--image-pull-policy=Never', '--env=A=1'],
	['web', '--copy-to=copy', '-c', 'setup', image],
	['web', '--copy-to=copy', '-c', 'old', image],
	['web', image, '-c', 'd', '--copy-to=copy', '-it', '--attach=false'],
	['web', image, '-c', 'd', '--copy-to=copy', '--keep-labels', '--keep-annotations'],
	['web', image, '-c', 'd', '--copy-to=copy', '--keep-liveness', '--keep-readiness', '--keep-startup'],
	['web', image, '-c', 'd', '--copy-to=copy', '--keep-init-containers=false'],
	['web', image, '-c', 'd', '--copy-to=copy', '--same-node'],
	['web', image, '-c', 'd', '--copy-to=copy', '--share-processes'],
	['web', image, '-c', 'd', '--copy-to=copy', '--share-processes=false'],
	['web', image, '-c', 'd', '--copy-to=copy', '--share-processes', '--profile=legacy', '--keep-labels'],
	['web', image, '-c', 'd', '--copy-to=copy', '--replace'],
	['node/n1', image],
	...profiles.map(profile => ['node/n1', image, '-c', 'd', `--profile=${profile}`]),
	['nodes/n1', image, '--env=A=1', '--image-pull-policy=IfNotPresent', '-it', '--attach=false', '--', 'chroot', '/host'],
	['no/n1', image, '--arguments-only', '--', 'x'],
	['web'],
	['web', '--copy-to=copy'],
	['web', '--copy-to=copy', '--', 'sh'],
	['web', '--copy-to=copy', '-c', 'nobody', '--', 'sh'],
	['web', image, '--replace'],
	['web', image, '--same-node'],
	['web', image, '--set-image=app=x'],
	['web', '--image=Not An Image'],
	['web', '--copy-to=copy', '--set-image=app=Not:An:Image'],
	['web', '--copy-to=copy', '--set-image=app'],
	['web', image, '--env=A'],
	['web', image, '--image-pull-policy=Sometimes'],
	['web', image, '--copy-to=copy', '--target=app'],
	['web', image, '-t'],
	['web', image, '--profile=nope'],
	['web', '--attach'],
	[image],
];

export type DebugOutcome = {
	ok: boolean;
	/** Requests that change something. Random ends of names become `*`. */
	asked: ReadonlyArray<{method: string; path: string; body: unknown}>;
	/** kubectl's stderr; empty on success. */
	reason: string;
};

export type RecordedDebug = {kubectl: string; outcomes: Record<string, DebugOutcome>};

export const recordedDebug = new URL('../commands/debug/kubectl-requests.json', import.meta.url);

export async function readRecordedDebug(): Promise<RecordedDebug> {
	return JSON.parse(await readFile(recordedDebug, 'utf8')) as RecordedDebug;
}

type Run = (argv: readonly string[]) => Promise<{ok: boolean; stderr: string}>;

/** `decode` reads protobuf, which kubectl sends. */
export async function tryDebug(
	row: readonly string[],
	run: Run,
	decode: (body: Buffer) => Promise<string> = async body => body.toString(),
): Promise<DebugOutcome> {
	const asked: Array<{method: string; path: string; body: unknown}> = [];
	const server = await startServer({
		async request(request, response) {
			const {method = '', url = ''} = request;
			const {pathname} = new URL(url, 'http://x');
			response.setHeader('content-type', 'application/json');
			if (method === 'GET') {
				const found = objects[pathname];
				response.writeHead(found ? 200 : 404).end(
					JSON.stringify(
						found ?? {
							kind: 'Status',
							apiVersion: 'v1',
							status: 'Failure',
							message: `${pathname} not found`,
							reason: 'NotFound',
							code: 404,
						},
					),
				);
				return;
			}

			const sent = Buffer.concat(await Array.fromAsync(request as AsyncIterable<Buffer>));
			const body = JSON.parse(
				(request.headers['content-type'] ?? '').includes('protobuf') ? await decode(sent) : sent.toString(),
			) as unknown;
			asked.push({method, path: pathname, body: comparable(method, body)});
			response.end(JSON.stringify(method === 'POST' ? body : pod));
		},
	});
	try {
		await server.cluster();
		const {ok, stderr} = await run(['debug', '--kubeconfig', `${server.folder}/config-1`, ...row]);
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

const probe = (port: number) => ({httpGet: {path: '/', port}, periodSeconds: 5});

const pod = {
	apiVersion: 'v1',
	kind: 'Pod',
	metadata: {
		name: 'web',
		namespace: 'default',
		uid: 'u1',
		resourceVersion: '7',
		creationTimestamp: '2026-01-01T00:00:00Z',
		labels: {app: 'web'},
		annotations: {note: 'kept?'},
		ownerReferences: [{apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'web', uid: 'u2', controller: true}],
	},
	spec: {
		nodeName: 'n1',
		restartPolicy: 'Always',
		serviceAccountName: 'default',
		terminationGracePeriodSeconds: 30,
		priority: 0,
		securityContext: {runAsUser: 1000, fsGroup: 2000},
		tolerations: [{key: 'node.kubernetes.io/not-ready', operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 300}],
		volumes: [
			{name: 'scratch', emptyDir: {}},
			{name: 'config', configMap: {name: 'web', defaultMode: 420}},
		],
		initContainers: [{name: 'setup', image: 'setup:1', securityContext: {privileged: true}}],
		containers: [
			{
				name: 'app',
				image: 'app:1',
				command: ['serve'],
				args: ['--port=8080'],
				imagePullPolicy: 'IfNotPresent',
				env: [{name: 'OLD', value: 'v'}],
				ports: [{containerPort: 8080, protocol: 'TCP'}],
				resources: {limits: {memory: '64Mi'}},
				securityContext: {runAsUser: 1001, readOnlyRootFilesystem: true, capabilities: {add: ['NET_BIND_SERVICE'], drop: ['ALL']}},
				livenessProbe: probe(1),
				readinessProbe: probe(2),
				startupProbe: probe(3),
				volumeMounts: [{name: 'scratch', mountPath: '/scratch'}],
			},
			{name: 'sidecar', image: 'sidecar:1', livenessProbe: probe(4)},
		],
		ephemeralContainers: [{name: 'old', image: 'old:1'}],
	},
	status: {phase: 'Running', containerStatuses: [{name: 'app', ready: true, state: {running: {}}}]},
};

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
