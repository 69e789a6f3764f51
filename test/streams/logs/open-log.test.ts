/** Only a log response that came from the kubelet counts as proof that the kubelet was reached. */
import {Readable} from 'node:stream';
import test from 'ava';
import {ClusterRecords, type ClusterClient, type RequestOptions} from '../../../source/cluster/cluster-client.ts';
import {openLog, RetryAfterError, splitKubeletError, kubeletErrorRemedy} from '../../../source/streams/logs/open-log.ts';
import {clusterThat, refuse, reply} from '../../support/api-server.ts';
import {receivedText} from '../../support/read-stream.ts';
import {noting, reachedWeb} from '../../support/remote-command.ts';

const app = {namespace: 'default', pod: 'web', uid: 'u1', node: null, container: 'app'};

for (const [status, told, title] of [
	[200, ['opened'], 'a log that begins is the kubelet’s'],
	[204, ['the pod is on no node'], 'a pod that is on no node yet has an empty log, and no kubelet was asked'],
] as const) {
	test(title, async t => {
		const {observer, seen} = noting({onOpened: 'opened'});
		const onApiserverAnswered = (_connection: unknown, _purpose: unknown, why: string) => seen.push(why);
		const target = {target: reachedWeb, observer: {...observer, onApiserverAnswered}};
		(await openLog(await clusterThat(t, reply(status)), app, {}, target)).close();
		t.deepEqual(seen, [...told]);
	});
}

for (const [message, told, title] of [
	[
		'container "app" in pod "web" is waiting to start: ContainerCreating',
		['answered', 'failed'],
		'a kubelet that says why there is no log has answered',
	],
	['container x is not valid for pod web', ['failed'], 'an apiserver that knows no such container has asked no kubelet'],
] as const) {
	test(title, async t => {
		const {observer, seen} = noting({onFarEndAnswered: 'answered', onFailed: 'failed'});
		await t.throwsAsync(openLog(await clusterThat(t, refuse(400, message)), app, {}, {target: reachedWeb, observer}));
		t.deepEqual(seen, [...told]);
	});
}

test('an error with a Retry-After time keeps the line of kubectl', async t => {
	const cluster = await clusterThat(t, refuse(503, 'later', 'BadRequest', {'Retry-After': '3'}));
	const error = await t.throwsAsync(openLog(cluster, app, {}, {target: reachedWeb}), {instanceOf: RetryAfterError});
	t.like(error, {retryAfterMs: 3000, asKubectl: 'Error from server (BadRequest): later'});
});

test('only a follow waits for its response without a limit', async t => {
	const limits: unknown[] = [];
	const connection = {
		usable: true,
		release() {},
		async request({timeoutMs}: RequestOptions) {
			limits.push(timeoutMs);
			return {status: 200, headers: {}, body: Readable.from([])};
		},
	};
	const cluster = {connect: async () => connection, records: new ClusterRecords()} as unknown as ClusterClient;
	for (const read of [{follow: true}, {}, {previous: true}]) {
		const log = await openLog(cluster, app, read, {
			target: reachedWeb,
		});
		log.close();
	}

	t.deepEqual(limits, [0, 35_000, 35_000]);
});

const loginPage =
	'<!doctype html><html><head><title>Sign in to Example Wi-Fi</title><style>p {color: red}</style></head><body><p>Please sign in</p></body></html>';

for (const type of ['text/html', 'text/html; charset=utf-8', 'Text/HTML;charset=utf-8', 'application/xhtml+xml']) {
	test(`a web page of type ${type} is not a log`, async t => {
		const {observer, seen} = noting({onOpened: 'opened', onFailed: 'failed'});
		const cluster = await clusterThat(t, reply(200, loginPage, {'Content-Type': type}));
		const error = await t.throwsAsync(openLog(cluster, app, {}, {target: reachedWeb, observer}), {code: 'ERR_PROTOCOL'});
		t.like(error, {
			message: 'received a web page instead of the log: Sign in to Example Wi-Fi',
			text: 'Sign in to Example Wi-Fi',
			leg: 1,
			remedy: 'check that the server URL is that of a Kubernetes apiserver, not of a login page or a gateway',
		});
		t.deepEqual(seen, ['failed']);
	});
}

test('a log whose lines are HTML is read as a log', async t => {
	const cluster = await clusterThat(t, reply(200, loginPage, {'Content-Type': 'text/plain'}));
	const log = await openLog(cluster, app, {}, {target: reachedWeb});
	t.is(await receivedText(log.body), loginPage);
	log.close();
});

const inotify = 'failed to create fsnotify watcher: too many open files';

for (const words of [
	inotify,
	'failed to watch directory "/var/log/pods/x": no space left on device',
	'failed to open log file "/var/log/pods/x/0.log": open /var/log/pods/x/0.log: no such file or directory',
	'failed to try resolving symlinks in path "/var/log/pods/x/0.log": lstat: no such file',
	'failed to read log file "/var/log/pods/x/0.log": input/output error',
	'failed to tail 10 lines of log file "/var/log/pods/x/0.log": input/output error',
	'failed to tail -1 lines of log file "/var/log/pods/x/0.log": input/output error',
	'failed to seek 12 in log file "/var/log/pods/x/0.log": invalid argument',
	'failed to reset seek in log file "/var/log/pods/x/0.log": invalid argument',
	'failed to get parse function: unsupported log format: "x"',
	'failed to get container status "1234": rpc error',
	'context cancelled',
	'unable to retrieve container logs for containerd://1234',
	'rpc error: code = Unavailable desc = connection error',
]) {
	test(`splitKubeletError recognizes ${words.slice(0, 40)}`, t => {
		t.deepEqual(splitKubeletError(Buffer.from(words), {follows: true}), {log: Buffer.alloc(0), message: words});
		t.deepEqual(splitKubeletError(Buffer.from(words), {follows: false}), {log: Buffer.alloc(0), message: words});
		const half = Buffer.from(`2026-11-24T14:00:00Z half a line${words}`);
		const after = splitKubeletError(half, {follows: true});
		t.is(after.log.toString(), '2026-11-24T14:00:00Z half a line');
		t.is(after.message, words);
		t.deepEqual(splitKubeletError(half, {follows: false}), {log: half, message: null});
	});
}

test('splitKubeletError leaves the log’s own bytes in the log', t => {
	for (const text of [
		'',
		'2026-11-24T14:00:00Z failed',
		'no line feed',
		'x'.repeat(10_000),
		'context cancelled by the user',
		'failed to seekers',
		`${inotify}${' '.repeat(2048)}`,
		`${inotify}\n2026`,
	]) {
		t.deepEqual(splitKubeletError(Buffer.from(text), {follows: true}), {log: Buffer.from(text), message: null});
	}
});

test('a remedy is returned when one is known', t => {
	t.is(kubeletErrorRemedy(inotify), 'raise fs.inotify.max_user_instances on the node');
	t.is(kubeletErrorRemedy('rpc error: code = Unknown'), null);
});
