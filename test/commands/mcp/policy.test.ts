/** A policy under `spoke mcp`, against apiservers that record what reaches them. */
import {mkdir, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {startFlaggedApiservers, verifies, verifiesNothing} from '../../support/flagged-apiserver.ts';
import {startMcp} from '../../support/mcp-client.ts';
import {runSpoke} from '../../support/run-spoke.ts';

async function serveWithPolicy(t: ExecutionContext, flags: typeof verifies, text: string) {
	const server = await startFlaggedApiservers(t, [flags]);
	const directory = join(server.env['HOME']!, '.config', 'spoke');
	await mkdir(directory, {recursive: true, mode: 0o700});
	const setPolicy = async (policy: string) => writeFile(join(directory, 'policy.yaml'), policy, {mode: 0o600});
	await setPolicy(text);
	return {...server, setPolicy};
}

const requiresVerified = 'every:\n  require: verified\n';
const invalid = 'every:\n  require: [sometimes]\n';
const streamCalls = [
	['logs', {target: 'web'}],
	['forward', {target: 'web', port: ':80'}],
] as const;

for (const [title, flags, later, exitStatus, code] of [
	['a stream that does not meet the policy is not opened', verifiesNothing, requiresVerified, 3, 'ERR_REQUIRE_NOT_MET'],
	['a policy that becomes invalid while it runs opens no stream', verifies, invalid, 5, 'ERR_POLICY'],
] as const) {
	test(title, async t => {
		const server = await serveWithPolicy(t, flags, requiresVerified);
		const {call} = await startMcp(t, ['--allow-forward'], server.env);
		await server.setPolicy(later);
		for (const [tool, args] of streamCalls) {
			const {isError, result} = await call(tool, args);
			t.true(isError);
			t.like(result, {exitStatus, code});
		}

		t.deepEqual(server.streams, []);
	});
}

test('a stream that meets the policy opens, unless --require refuses it', async t => {
	const server = await serveWithPolicy(t, verifies, requiresVerified);
	const {call} = await startMcp(t, [], server.env);
	t.like((await call('logs', {target: 'web'})).result, {exitStatus: 0});
	t.is(server.streams.length, 1);
	const strict = await startMcp(t, ['--require', 'tunnelled', '--min-basis', 'inferred', '--allow-forward'], server.env);
	for (const [tool, args] of streamCalls) {
		const {isError, result} = await strict.call(tool, args);
		t.true(isError);
		t.like(result, {exitStatus: 3, code: 'ERR_REQUIRE_NOT_MET'});
		t.regex(result!.clusterData.error!.message, /^requirement not met: tunnelled /);
	}

	t.is(server.streams.length, 1);
});

test('with an invalid policy, spoke mcp does not start', async t => {
	const server = await serveWithPolicy(t, verifies, invalid);
	const {status, stdout, stderr} = await runSpoke(['mcp'], {env: server.env});
	t.deepEqual([status, stdout], [5, '']);
	t.regex(stderr, /policy\.yaml.*sometimes.*\[ERR_POLICY\]\n$/);
});
