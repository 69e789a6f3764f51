/** `--require` of the stream commands, against apiservers that record what reaches them. */
import {once} from 'node:events';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import test from 'ava';
import {startFlaggedApiservers, verifies, verifiesNothing} from '../support/flagged-apiserver.ts';
import {dial, runPortForward} from '../support/port-forward-run.ts';
import {runSpoke, startSpoke} from '../support/run-spoke.ts';
import {openSandbox} from '../support/sandbox.ts';

/** Each stream command, and what of the user it sends. */
const commands: ReadonlyArray<readonly [name: string, argv: readonly string[], path: RegExp]> = [
	['logs', ['logs', 'web'], /\/pods\/web\/log\?/],
	['logs -f', ['logs', '-f', '--resume=false', 'web'], /\/pods\/web\/log\?/],
	['exec', ['exec', '-i', 'web', '--', 'sh', '-c', 'secret command'], /\/pods\/web\/exec\?/],
	['attach', ['attach', '-i', 'web'], /\/pods\/web\/attach\?/],
	['debug', ['debug', 'web', '--image=secret', '--attach'], /\/pods\/web\/ephemeralcontainers/],
	['cp to a container', ['cp', 'package.json', 'web:/secret'], /\/pods\/web\/exec\?/],
	['cp from a container', ['cp', 'web:/secret', join(tmpdir(), 'spoke-required-copy')], /\/pods\/web\/exec\?/],
	['port-forward', ['port-forward', 'web', ':80'], /\/pods\/web\/portforward/],
	['proxy to the kubelet', ['proxy', 'post', 'node/n1/secret', '--data', 'secret'], /\/nodes\/n1\/proxy\/secret/],
];

/** Before the command of exec. */
function requiring([name = '', ...rest]: readonly string[], flags: readonly string[] = ['--require', 'verified']): readonly string[] {
	return [name, ...flags, ...rest];
}

for (const [name, argv, path] of commands) {
	test(`${name} --require verified sends nothing where the apiserver does not verify`, async t => {
		const server = await startFlaggedApiservers(t, [verifiesNothing]);
		const {status, stderr, stdout} = await runSpoke(requiring(argv), {env: server.env, input: 'secret input'});
		t.is(status, 3, stderr);
		t.is(stdout, '');
		t.regex(
			stderr,
			/requirement not met: verified \([\w-]+\): leg 2 is unverified, proven by kubelet-certificate-authority="" \(GET \/flagz\)/,
		);
		t.regex(stderr, /ERR_REQUIRE_NOT_MET/);
		t.regex(stderr, /--kubelet-certificate-authority=FILE/);
		t.deepEqual(server.streams, []);
	});

	test(`${name} --require verified sends its request where the apiserver verifies`, async t => {
		const server = await startFlaggedApiservers(t, [verifies]);
		const {stderr} = await runSpoke(requiring(argv), {env: server.env});
		t.notRegex(stderr, /ERR_REQUIRE/);
		t.regex(server.streams[0]?.path ?? stderr, path);
	});
}

for (const [name, argv] of commands.filter(([one]) => ['logs', 'exec', 'port-forward'].includes(one))) {
	test(`${name} --require verified is undecided behind a gateway`, async t => {
		const server = await startFlaggedApiservers(t, [verifies], {prefix: '/gateway'});
		const {status, stderr} = await runSpoke(requiring(argv), {env: server.env});
		t.is(status, 4, stderr);
		t.regex(stderr, /requirement undecided: verified \([\w-]+\): leg 2 is enforced, inferred by /);
		t.regex(stderr, /to accept it without proof, pass --min-basis inferred/);
		t.deepEqual(server.streams, []);
	});

	test(`${name} --require verified never uses the replica that does not verify`, async t => {
		const server = await startFlaggedApiservers(t, [verifies, verifiesNothing]);
		for (let round = 0; round < 2; round++) {
			server.next = round;
			await runSpoke(requiring(argv), {env: server.env});
		}

		t.deepEqual(
			server.streams.filter(({process}) => process === 1),
			[],
		);
	});
}

test('a token behind no known address is inferred at most, which --min-basis inferred accepts', async t => {
	const server = await startFlaggedApiservers(t, [verifies], {credential: 'token'});
	const strict = await runSpoke(['logs', 'web', '--require', 'verified'], {env: server.env});
	t.is(strict.status, 4, strict.stderr);
	const accepted = await runSpoke(['logs', 'web', '--require', 'verified', '--min-basis', 'inferred'], {env: server.env});
	t.deepEqual([accepted.status, accepted.stdout], [0, 'a line\n'], accepted.stderr);
});

test('where the flags cannot be read, a requirement is undecided and names the permission', async t => {
	const server = await startFlaggedApiservers(t, [verifies], {readsFlags: false});
	const {status, stderr} = await runSpoke(['logs', 'web', '--require', 'verified', '--min-basis', 'inferred'], {env: server.env});
	t.is(status, 4, stderr);
	t.regex(stderr, /: the TLS state of leg 2 is unknown/);
	t.regex(stderr, /get nonResourceURL \/flagz/);
	t.deepEqual(server.streams, []);
});

test('a log read that skips the check of the kubelet does not meet verified', async t => {
	const server = await startFlaggedApiservers(t, [verifies]);
	const {status, stderr} = await runSpoke(['logs', 'web', '--require', 'verified', '--insecure-skip-tls-verify-backend'], {
		env: server.env,
	});
	t.is(status, 3, stderr);
	t.deepEqual(server.streams, []);
});

test('a direct route is protected only where the apiserver verifies, and never tunnelled', async t => {
	for (const [flags, word, status] of [
		[verifies, 'tunnelled', 4],
		[verifies, 'protected', 0],
		[verifiesNothing, 'protected', 4],
	] as const) {
		const server = await startFlaggedApiservers(t, [flags]);
		const ended = await runSpoke(['logs', 'web', '--require', word], {env: server.env});
		t.is(ended.status, status, `${word}: ${ended.stderr}`);
		t.is(server.streams.length, status === 0 ? 1 : 0);
	}
});

test('a forward ends with status 3 when no later tunnel meets its requirement', async t => {
	const {sandbox, env} = await openSandbox(t, {scenario: 'verified'});
	const forward = await runPortForward(['db-0', ':7000', '--require', 'verified', '--path', 'never'], {env});
	const port = await forward.port();
	const before = await dial(port);
	const echoed = once(before, 'data');
	before.write('while it verifies');
	t.is(String((await echoed)[0]), 'while it verifies');
	await sandbox.switches.set({verification: 'off'});
	t.is(await forward.ended, 3, forward.stderr());
	t.like(forward.events.at(-1), {event: 'ended', exitStatus: 3, error: {code: 'ERR_REQUIRE_NOT_MET'}});
	t.regex(forward.stderr(), /leg 2 is unverified/);
	t.deepEqual(forward.faults(), []);
	before.destroy();
});

test('a forward meets verified in a sandbox that verifies, and a refused kubelet gets nothing', async t => {
	const {sandbox, env} = await openSandbox(t, {scenario: 'verified'});
	await sandbox.switches.set({verification: 'bad'});
	const forward = await runPortForward(['db-0', ':7000', '--require', 'verified', '--path', 'never'], {env});
	t.is(await forward.ended, 11, forward.stderr());
	t.deepEqual(forward.faults(), []);
});

test('the local API proxy responds with 403 to what does not meet --require, and relays the rest', async t => {
	const server = await startFlaggedApiservers(t, [verifiesNothing]);
	const {sees, output} = startSpoke(t, ['proxy', '--port', '0', '--require', 'verified'], {env: server.env});
	await sees(/[\d.]+:\d+\s/);
	const address = `http://${/[\d.]+:\d+/.exec(output.stdout)![0]}`;
	const log = await fetch(`${address}/api/v1/namespaces/default/pods/web/log`);
	t.is(log.status, 403);
	t.regex(await log.text(), /requirement not met: verified \(logs\): leg 2 is unverified/);
	t.is((await fetch(`${address}/version`)).status, 200);
	t.deepEqual(server.streams, []);
});

test('an unknown requirement is a usage error of each stream command', async t => {
	const {env} = await startFlaggedApiservers(t, [verifies]);
	for (const [, argv] of commands) {
		const {stderr} = await runSpoke(requiring(argv, ['--require', 'C4=pass']), {env});
		t.regex(stderr, /unknown requirement "C4=pass".*\[ERR_USAGE\]/);
	}
});
