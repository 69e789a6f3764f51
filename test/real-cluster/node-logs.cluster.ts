/** `spoke logs node/NAME`. */
import {rm, writeFile} from 'node:fs/promises';
import process from 'node:process';
import test from 'ava';
import {useCluster} from './support/cluster.ts';

// The kubelet of n1 has enableSystemLogQuery, and that of n2 has not, which is the default.
const cluster = await useCluster({postures: ['good-direct', 'off-direct'], nodes: ['n2']});
// All nodes of the lab share the files of this machine.
const service = `spoke-node-log-${process.pid}`;
const file = `/var/log/${service}.log`;
const lines = 'first \u001B[2J line\nlast line\n';

test.before(async () => writeFile(file, lines));
test.after.always(async () => rm(file, {force: true}));

// An apiserver that verifies kubelets refuses the certificate of n2.
const logs = async (args: readonly string[], user: 'admin' | 'plain' = 'admin') =>
	cluster.spoke(args[0] === 'node/n2' ? 'off-direct' : 'good-direct', ['logs', ...args], {user});

test.serial('a service and a file of a node are printed as its kubelet sends them, over a labeled path', async t => {
	const byService = await logs(['node/n1', '--query', service, '--path=always', '--require', 'verified']);
	t.deepEqual([byService.status, byService.stdout], [0, lines], byService.stderr);
	t.regex(byService.stderr, /^path: you -verified-> apiserver -direct,verified-> kubelet n1$/m);
	const byFile = await logs(['node/n1', '--query', file.slice('/var/log'.length)]);
	t.deepEqual([byFile.status, byFile.stdout], [0, lines], byFile.stderr);
});

test.serial('a kubelet’s own text about a service is an error, and not the log', async t => {
	const missing = await logs(['node/n1', '--query', `${service}-missing`]);
	t.deepEqual([missing.status, missing.stdout], [8, '']);
	t.true(missing.stderr.includes(`log not found for ${service}-missing`), missing.stderr);
	const withOptions = await logs(['node/n1', '--query', service, '--tail', '1']);
	t.deepEqual([withOptions.status, withOptions.stdout], [1, '']);
	t.true(withOptions.stderr.includes(`options present and query resolved to log files for [${service}]`), withOptions.stderr);
	const several = await logs(['node/n1', '--query', service, '--query', `${service}-missing`]);
	t.deepEqual([several.status, several.stdout], [8, lines], several.stderr);
});

test.serial('a kubelet’s refusal of a query is reported in its words', async t => {
	const many = await logs(['node/n1', ...['a', 'b', 'c', 'd', 'e'].flatMap(name => ['--query', name])]);
	t.deepEqual([many.status, many.stdout], [1, '']);
	t.true(many.stderr.includes('responded with status 406: query: Too many: 5: must have at most 4 items'), many.stderr);
	const long = await logs(['node/n1', '--query', service, '--tail', '100001']);
	t.true(
		long.stderr.includes('responded with status 406: tailLines: Invalid value: 100001: must be between 0 and 100000, inclusive'),
		long.stderr,
	);
	const unsafe = await logs(['node/n1', '--query', 'a b']);
	t.true(
		unsafe.stderr.includes('responded with status 406: query: Invalid value: "a b": input contains unsupported characters'),
		unsafe.stderr,
	);
});

test.serial('a kubelet without enableSystemLogQuery serves files, and is reported to ignore queries', async t => {
	const ignored = await logs(['node/n2', '--query', service]);
	t.deepEqual([ignored.status, ignored.stdout], [1, '']);
	t.regex(ignored.stderr, /the kubelet of node\/n2 does not support log queries.*enableSystemLogQuery: true.*\[ERR_NODE_LOGS\]$/m);
	const {status, stdout} = await logs(['node/n2', '--query', `/${service}.log`]);
	t.deepEqual([status, stdout], [0, lines]);
});

test.serial('a directory is listed, and a missing file and a directory without a slash are errors', async t => {
	const {status, stdout} = await logs(['node/n2', '--query', '/']);
	t.is(status, 0);
	t.true(stdout.split('\n').includes(`${service}.log`), stdout);
	const missing = await logs(['node/n2', '--query', '/spoke/no-such-file']);
	t.deepEqual([missing.status, missing.stdout], [8, '']);
	const directory = stdout.split('\n').find(name => name.endsWith('/'))!;
	const unmarked = await logs(['node/n2', '--query', `/${directory.slice(0, -1)}`]);
	t.is(unmarked.status, 2);
	t.true(unmarked.stderr.includes(`list it with --query '/${directory}'`), unmarked.stderr);
});

test.serial('without nodes/proxy, the refusal names the permission and why no role of spoke has it', async t => {
	const {status, stdout, stderr} = await logs(['node/n1', '--query', service], 'plain');
	t.deepEqual([status, stdout], [7, '']);
	t.regex(stderr, /get on nodes\/proxy.*allows commands in every pod of the node/);
});
