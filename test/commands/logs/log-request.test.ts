import test from 'ava';
import {parseCommandLine} from '../../../source/base/command-line/parse-command-line.ts';
import {logRequest} from '../../../source/commands/logs/log-request.ts';
import {logsSpec} from '../../../source/commands/logs/spec.ts';

const request = (...argv: string[]) => logRequest(parseCommandLine(logsSpec.flags, argv));

for (const [line, read] of [
	['w', {}],
	['w --tail=0', {tailLines: 0}],
	['w --tail=-1', {}],
	['w --tail=5 --timestamps -p', {tailLines: 5, timestamps: true, previous: true}],
	['-l a=b', {tailLines: 10}],
	['-l a=b --tail=-1', {}],
	['-l a=b --tail=3', {tailLines: 3}],
	['-l a=b --export d', {}],
	['w --since=0s', {}],
	['w --since=90s', {sinceSeconds: 90}],
	['w --since=1500ms', {sinceSeconds: 2}],
	['w --since=1499ms', {sinceSeconds: 1}],
	['w --limit-bytes=0', {}],
	['w --limit-bytes=7', {limitBytes: 7}],
	['w --since-time=2026-11-24T14:00:00.999+02:00', {sinceTime: '2026-11-24T12:00:00Z'}],
	['w --insecure-skip-tls-verify-backend', {insecureSkipTLSVerifyBackend: true}],
] as const) {
	test(`\`logs ${line}\` requests ${JSON.stringify(read)}`, t => {
		t.deepEqual(request(...line.split(' ')).read, read);
	});
}

for (const [line, message] of [
	['', 'POD or TYPE/NAME is a required argument for the logs command'],
	['w -l a=b', 'only a selector (-l) or a POD name is allowed'],
	['w c -c c', 'only one of -c or an inline [CONTAINER] arg is allowed'],
	['w c --all-containers', '--all-containers=true should not be specified with container name c'],
	['w -c c --all-containers', '--all-containers=true should not be specified with container name c'],
	['w --since=1s --since-time=2026-11-24T14:00:00Z', 'at most one of `sinceTime` or `sinceSeconds` may be specified'],
	['w --tail=-2', '--tail must be greater than or equal to -1'],
	['w --since=-1s', '--since must be greater than 0'],
	['w --limit-bytes=-1', '--limit-bytes must be greater than 0'],
	['w --since-time=yesterday', 'invalid argument "yesterday" for --since-time: it must be a time in RFC 3339 such as 2026-11-24T14:00:00Z'],
	[
		'w --since-time=2026-12-01t00:00:00Z',
		'invalid argument "2026-12-01t00:00:00Z" for --since-time: it must be a time in RFC 3339 such as 2026-11-24T14:00:00Z',
	],
	[
		'w --since-time=2026-12-01T00:00:00z',
		'invalid argument "2026-12-01T00:00:00z" for --since-time: it must be a time in RFC 3339 such as 2026-11-24T14:00:00Z',
	],
	[
		'w --since-time=2026-12-01T24:00:00Z',
		'invalid argument "2026-12-01T24:00:00Z" for --since-time: it must be a time in RFC 3339 such as 2026-11-24T14:00:00Z',
	],
	[
		'w --since-time=2026-02-30T00:00:00Z',
		'invalid argument "2026-02-30T00:00:00Z" for --since-time: it must be a time in RFC 3339 such as 2026-11-24T14:00:00Z',
	],
	['w --since=5', 'invalid argument "5" for --since: must be a duration such as 30s, 5m or 1h30m'],
	['w c d', 'argument "d" is one too many after TARGET and CONTAINER: further targets must be KIND/NAME'],
	['w --export d -f', '--export cannot be used with -f'],
	['w --export d -p', '--export cannot be used with -p: it exports previous logs too'],
	['w --export=', '--export requires a directory'],
	['pod/a pod/b c', 'argument "c": targets after the first must be KIND/NAME'],
] as const) {
	test(`\`logs ${line}\` is rejected: ${message.slice(0, 50)}`, t => {
		t.throws(() => request(...line.split(' ').filter(word => word !== '')), {code: 'ERR_USAGE', message});
	});
}

test('the second argument is a container, or with a slash another target', t => {
	t.deepEqual(request('w', 'side').containers, {kind: 'named', name: 'side'});
	t.deepEqual(
		request('pod/a', 'pod/b', 'deploy/c').targets.map(({input: asked}) => asked),
		['pod/a', 'pod/b', 'deploy/c'],
	);
	t.deepEqual(request('w').containers, {kind: 'default'});
	t.deepEqual(request('w', '--all-containers').containers, {kind: 'all'});
});

test('--all-pods sets --prefix', t => {
	t.true(request('deploy/w', '--all-pods').prefix);
	t.false(request('deploy/w').prefix);
});

test('--export takes all pods and containers, unless one is named', t => {
	t.like(request('deploy/w', '--export', 'd'), {allPods: true, containers: {kind: 'all'}, prefix: false, exportTo: 'd'});
	t.deepEqual(request('deploy/w', '-c', 'app', '--export', 'd').containers, {kind: 'named', name: 'app'});
});
