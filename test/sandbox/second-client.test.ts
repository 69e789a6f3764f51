/** @kubernetes/client-node, an independent client, against the sandbox. */
import {PassThrough, Writable} from 'node:stream';
import {text} from 'node:stream/consumers';
import {
	CoordinationV1Api,
	CoreV1Api,
	createConfiguration,
	Exec,
	KubeConfig,
	Log,
	ResponseContext,
	ServerConfiguration,
	Watch,
	wrapHttpLibrary,
	type V1Status,
} from '@kubernetes/client-node';
import test from 'ava';
import {startSandbox} from '../../source/sandbox/start-sandbox.ts';

const sandbox = await startSandbox();
test.after.always(async () => sandbox.close());
const config = new KubeConfig();
config.loadFromString(JSON.stringify(sandbox.kubeconfig()));

test('client-node reads typed objects', async t => {
	const {items} = await config.makeApiClient(CoreV1Api).listNamespacedPod({namespace: 'default', labelSelector: 'app=db'});
	t.is(items[0]!.metadata!.name, 'db-0');
	t.true(items[0]!.metadata!.creationTimestamp instanceof Date);
	t.true(items[0]!.status!.containerStatuses![0]!.state!.running!.startedAt instanceof Date);
});

// The reasons of docs/dependencies.md for not reading through its API classes.
test('client-node returns the times of leases as text, against its types', async t => {
	const {items} = await config.makeApiClient(CoordinationV1Api).listNamespacedLease({namespace: 'kube-node-lease'});
	t.is(typeof items[0]!.spec!.renewTime, 'string');
	t.true(items[0]!.metadata!.creationTimestamp instanceof Date);
});

for (const [title, type, body, expected] of [
	['a login page as an object without fields', 'text/html', '<html>log in</html>', {}],
	[
		'an invalid date',
		'application/json',
		'{"items":[{"metadata":{"creationTimestamp":"soon"}}]}',
		{items: [{metadata: {creationTimestamp: null}}]},
	],
] as const) {
	test(`client-node accepts ${title}`, async t => {
		const content = {text: async () => body, binary: async () => Buffer.from(body), stream: () => null};
		const httpApi = wrapHttpLibrary({send: async () => new ResponseContext(200, {'content-type': type}, content)});
		const api = new CoreV1Api(createConfiguration({httpApi, baseServer: new ServerConfiguration('http://127.0.0.1', {})}));
		t.is(JSON.stringify(await api.listNamespace()), JSON.stringify(expected));
	});
}

test('client-node watches', async t => {
	const {promise, resolve} = Promise.withResolvers<string>();
	const stop = await new Watch(config).watch(
		'/apis/apps/v1/namespaces/shop/deployments',
		{},
		(phase, object: {metadata: {name: string}; status?: {updatedReplicas?: number}}) => {
			if (phase === 'MODIFIED') {
				resolve(object.metadata.name);
			}
		},
		() => {},
	);
	sandbox.faults.rollOut({namespace: 'shop', name: 'checkout'});
	t.is(await promise, 'checkout');
	stop.abort();
});

test('client-node reads a log', async t => {
	const output = new PassThrough();
	const read = text(output);
	await new Log(config).log('default', 'db-0', 'db', output, {tailLines: 1});
	t.regex(await read, /^(echo on :7000|checkpoint \d+ complete)\n$/);
});

test('client-node runs a command and gets its status', async t => {
	let output = '';
	const stdout = new Writable({
		write(chunk, _encoding, done) {
			output += String(chunk);
			done();
		},
	});
	const {promise, resolve} = Promise.withResolvers<V1Status>();
	await new Exec(config).exec('default', 'db-0', 'db', ['sh', '-c', 'echo out; exit 3'], stdout, null, null, false, resolve);
	const status = await promise;
	t.is(output, 'out\n');
	t.is(status.details!.causes![0]!.message, '3');
});
