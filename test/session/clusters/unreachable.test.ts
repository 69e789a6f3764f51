/** An apiserver that does not respond. */
import {once} from 'node:events';
import {connect, createServer, type AddressInfo, type Server} from 'node:net';
import {writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {kubeconfigText} from '../../support/kubeconfig-text.ts';
import {listenOnLoopback} from '../../support/listen-on-loopback.ts';
import {newHome} from '../../support/new-home.ts';
import {openSession} from '../../support/open-session.ts';
import {openSandbox} from '../../support/sandbox.ts';
import {unusedPort} from '../../support/unused-port.ts';

/** A kubeconfig for an address on which `server` may listen later. */
async function nobodyThere(t: ExecutionContext, server: Server): Promise<{home: string; file: string; port: number}> {
	const port = await listenOnLoopback(server);
	server.close();
	const home = await newHome(t);
	const file = join(home, 'config.json');
	await writeFile(file, kubeconfigText({server: `https://127.0.0.1:${port}`, user: {token: 'x'}}));
	return {home, file, port};
}

for (const columns of [80, 120]) {
	test(`at ${columns} columns the path line breaks at leg 1 and claims no verification`, async t => {
		const {home, file} = await nobodyThere(t, createServer());
		const session = await openSession(t, ['--kubeconfig', file], {home, columns, rows: 40});
		await session.sees(
			/The apiserver of main does not respond\. Retrying in \d s \(attempt \d\)\.[\s\S]+error +dial tcp 127\.0\.0\.1:\d+: connect: connection refused/,
		);
		await session.sees(/proxy +none: no proxy-url/);
		await session.sees(/\n you ━━━✗ apiserver$/m);
		t.notRegex(session.text(), /checking|not determined yet/);
	});
}

test('an unreachable apiserver names the proxy in front of it, without its password', async t => {
	const port = await unusedPort();
	const {kubeconfigFile} = await openSandbox(t);
	const session = await openSession(t, ['--kubeconfig', kubeconfigFile, '--proxy-url', `http://me:secret@127.0.0.1:${port}`], {
		home: await newHome(t),
	});
	await session.sees(new RegExp(`proxy +http://127\\.0\\.0\\.1:${port}/? \\(proxy-url of`));
	t.notRegex(session.text(), /secret/);
});

/** A kubeconfig for an address at which a sandbox responds from `respond` on. */
async function respondsLater(t: ExecutionContext): Promise<{home: string; file: string; respond(): Promise<void>}> {
	const {sandbox} = await openSandbox(t);
	const way = createServer(socket => {
		const onward = connect(Number(new URL(sandbox.server).port), '127.0.0.1');
		for (const one of [socket, onward]) {
			one.on('error', () => {});
		}

		socket.pipe(onward).pipe(socket);
		t.teardown(() => {
			socket.destroy();
		});
	}).listen(0, '127.0.0.1');
	await once(way, 'listening');
	const {port} = way.address() as AddressInfo;
	way.close();
	const home = await newHome(t);
	const file = join(home, 'config.json');
	await writeFile(file, JSON.stringify(sandbox.kubeconfig('admin')).replaceAll(sandbox.server, `https://127.0.0.1:${port}`));
	return {
		home,
		file,
		async respond() {
			way.listen(port, '127.0.0.1');
			await once(way, 'listening');
			t.teardown(() => {
				way.close();
			});
		},
	};
}

test('r retries at once, lists the attempts, and lists load when the apiserver responds', async t => {
	const {home, file, respond} = await respondsLater(t);
	const session = await openSession(t, ['--kubeconfig', file], {home, columns: 100});
	await session.sees(/\(attempt [5-9]\)[\s\S]+(?:✗ \d\d:\d\d:\d\d {2}after [\d.]+ m?s: .*connection refused\s+){3}/);
	await session.sees(/^ r retry {2}d doctor {2}y copy report .*@ context/m);
	const next = Number(/\(attempt (\d)\)/.exec(session.text())![1]);
	const began = performance.now();
	for (let attempt = next + 1; attempt <= next + 3; attempt++) {
		session.press('retry');
		await session.sees(new RegExp(`Retrying in \\d+ s \\(attempt ${attempt}\\)`));
	}

	// The automatic retries wait at least 5, 6 and 7 s.
	t.true(performance.now() - began < 15_000);
	session.press('doctor');
	await session.sees(/Doctor├ the apiserver of \S+ ─+ stopped at leg 1/);
	session.press('view.back', 'unreachable/copy');
	await session.sees(/copied the report/);
	await respond();
	session.press('retry');
	await session.sees(/web-\w+-\w+ +2\/2/);
	session.press('logs');
	await session.sees(/Tail pod\//);
});

test('the audit is read when the apiserver responds at last', async t => {
	const {home, file, respond} = await respondsLater(t);
	const session = await openSession(t, ['--kubeconfig', file], {home, columns: 100});
	await session.sees(/\(attempt [2-9]\)/);
	session.press('view.audit');
	await session.sees(/┤7 Audit├[\s\S]+does not respond\. Retrying in/);
	await respond();
	session.press('retry');
	await session.sees(/kubelet certificate verified +✗ [━╍] unverified/);
});

test('a running attempt shows since when it runs instead of a countdown', async t => {
	const silent = createServer(socket => {
		socket.on('error', () => {});
		t.teardown(() => {
			socket.destroy();
		});
	});
	const {home, file, port} = await nobodyThere(t, silent);
	const session = await openSession(t, ['--kubeconfig', file], {home});
	await session.sees(/Retrying in [3-9] s \(attempt [4-9]\)\./);
	silent.listen(port, '127.0.0.1');
	await once(silent, 'listening');
	t.teardown(() => {
		silent.close();
	});
	session.press('retry');
	await session.sees(/Retrying now \(attempt \d\)\./);
	await session.sees(/Retrying since \d\d:\d\d:\d\d \(attempt \d\)\./);
});
