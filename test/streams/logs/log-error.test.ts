import test from 'ava';
import {splitKubeletError, kubeletErrorRemedy} from '../../../source/streams/logs/log-error.ts';

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
