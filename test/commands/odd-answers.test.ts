/** Servers that are not apiservers, or broken ones. */
import {writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {serve} from '../support/api-server.ts';
import {kubeconfigText} from '../support/kubeconfig-text.ts';
import {runSpoke} from '../support/run-spoke.ts';
import {newHome} from '../support/new-home.ts';
import {openTerminal} from '../support/terminal.ts';

const named = {name: 'web', namespace: 'default', uid: 'u'};

const answers: ReadonlyArray<readonly [title: string, status: number, body: string]> = [
	['an empty object', 200, '{}'],
	['a page', 200, '<html><body>Log in to the network</body></html>'],
	['204', 204, ''],
	['another kind', 200, '{"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":"web"}}'],
	['metadata that is text', 200, '{"metadata":"x","items":[{"metadata":"x"}]}'],
	[
		'inner parts of other types',
		200,
		JSON.stringify({
			metadata: named,
			spec: {containers: {}, selector: 5, ports: {}},
			status: 'x',
			items: [{metadata: named, spec: {containers: [null]}}],
		}),
	],
];

const commands: ReadonlyArray<readonly [argv: readonly string[], status: number]> = [
	[['logs', 'web'], 13],
	[['logs', '-f', 'deploy/web'], 13],
	[['logs', '-l', 'app=web'], 13],
	[['exec', 'web'], 125],
	[['attach', 'web'], 125],
	[['debug', 'web', '--image=x'], 125],
	[['port-forward', 'svc/web', ':80'], 13],
	[['proxy', 'get', 'svc/web:80/'], 13],
	[['path', 'web'], 13],
	[['path', 'node/n1'], 13],
	[['doctor', 'svc/web'], 13],
	[['audit'], 0],
];

async function kubeconfigOf(t: ExecutionContext, answer: (path: string) => readonly [status: number, body: string]): Promise<string> {
	const server = await serve(t, (request, response) => {
		const [status, body] = answer(request.url!.split('?', 1)[0]!);
		response.writeHead(status, {'content-type': 'application/json'}).end(body);
	});
	const file = join(server.folder, 'kubeconfig');
	await writeFile(file, kubeconfigText({server: server.url, ca: server.ca, user: {token: 'x'}}));
	return file;
}

for (const [title, status, body] of answers) {
	test(`each command reports a server that sends ${title} in one line`, async t => {
		const kubeconfig = await kubeconfigOf(t, () => [status, body]);
		for (const [argv, expected] of commands) {
			const ended = await runSpoke([...argv, '--kubeconfig', kubeconfig, ...(argv[0] === 'exec' ? ['--', 'true'] : [])]);
			const said = ended.stderr + ended.stdout;
			t.is(ended.status, status === 204 && argv.includes('-l') ? 1 : expected, `${argv.join(' ')}: ${said}`);
			t.notRegex(said, /bug in spoke|^\s+at |undefined|Cannot/m, argv.join(' '));
			t.is(ended.stderr.split('\n').filter(line => line.startsWith('error:')).length, ['audit', 'doctor'].includes(argv[0]!) ? 0 : 1, said);
		}
	});
}

test('a session continues on that server, and each list shows its error', async t => {
	const kubeconfig = await kubeconfigOf(t, path => [
		200,
		path === '/version'
			? '{"gitVersion":"v1.36.3"}'
			: path.endsWith('/pods')
				? '{"kind":"Table","rows":[{"cells":["web"],"object":"x"}]}'
				: '{}',
	]);
	const terminal = await openTerminal(t, ['--kubeconfig', kubeconfig], {home: await newHome(t), columns: 160});
	await terminal.sees(/rows\[0\]\.object is[\s\S]+text, not an object/);
	terminal.press('view.services');
	await terminal.sees(/Services[\s\S]*is not a Kubernetes response: it has no rows/);
	terminal.press('view.nodes');
	await terminal.sees(/Nodes[\s\S]*is not a Kubernetes response: it has no rows/);
	terminal.press('app.quit');
	t.is(await terminal.ended(), 0);
});
