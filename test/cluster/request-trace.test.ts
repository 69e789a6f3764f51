import test from 'ava';
import {openSandbox} from '../support/sandbox.ts';
import {runSpoke} from '../support/run-spoke.ts';
import {openTerminal} from '../support/terminal.ts';

test('-v=6 traces each request on stderr and leaves stdout unchanged', async t => {
	const {sandbox, env} = await openSandbox(t, {user: 'bob'});
	const {stdout, stderr, status} = await runSpoke(['-v', '9', 'exec', 'deploy/web', '--', 'echo', 'hi'], {env});
	t.like({status, stdout}, {status: 0, stdout: 'hi\n'});
	const lines = stderr.trim().split('\n');
	t.true(
		lines.some(line => line.startsWith(`request: GET ${sandbox.server}/apis/apps/v1/namespaces/default/deployments/web 200 OK, `)),
		stderr,
	);
	t.true(
		lines.some(line => /\/exec\?\S+ 101 Switching Protocols, \d+ ms$/.test(line)),
		stderr,
	);
	const {users} = sandbox.kubeconfig('bob') as unknown as {users: ReadonlyArray<{user: {token?: string}}>};
	for (const {
		user: {token},
	} of users) {
		t.false(token !== undefined && stderr.includes(token), 'no token is told');
	}
});

test('-v=6 traces a failed connection, and no request', async t => {
	const {env} = await openSandbox(t);
	const {stderr} = await runSpoke(['logs', 'web', '-s', 'https://127.0.0.1:1', '-v=6'], {env});
	t.regex(stderr, /^connection: https:\/\/127\.0\.0\.1:1 failed: .*connection refused, \d+ ms$/m);
	t.notRegex(stderr, /^request/m);
});

test('-v=5 traces no request', async t => {
	const {env} = await openSandbox(t);
	const {stderr} = await runSpoke(['logs', 'deploy/toolbox', '-v=5'], {env});
	t.is(stderr, '');
});

test('the session rejects -v=6', async t => {
	const {env} = await openSandbox(t);
	const terminal = await openTerminal(t, ['tail', 'deploy/web', '-v=6'], {home: '/nonexistent', env, columns: 150});
	t.is(await terminal.ended(), 2);
	t.regex(terminal.raw(), /-v=6 logs requests to stderr, which the session uses as its screen/);
});
