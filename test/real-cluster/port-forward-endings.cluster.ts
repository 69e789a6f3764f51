/** Ends of forwarded connections with Kubernetes' own server code, which has half-closes; containerd has none. */
import {createHash} from 'node:crypto';
import {once} from 'node:events';
import {setTimeout as sleep} from 'node:timers/promises';
import process from 'node:process';
import test, {type ExecutionContext} from 'ava';
import {dial, readToEnd, runPortForward, type PortForwardRun} from '../support/port-forward-run.ts';
import {startScriptedPeer} from '../support/scripted-peer.ts';

const peer = await startScriptedPeer();
test.after.always(async () => {
	await peer.stop();
});

const sent = Buffer.alloc(16 << 20, 'spoke');
const hash = `${createHash('sha256').update(sent).digest('hex')} ${sent.length}\n`;

async function forward(t: ExecutionContext, args: readonly string[], more: NodeJS.ProcessEnv = {}): Promise<PortForwardRun> {
	const run = await runPortForward(args, {env: {PATH: process.env['PATH'], KUBECONFIG: peer.kubeconfig, ...more}});
	t.teardown(async () => {
		run.child.kill('SIGKILL');
		await run.ended;
	});
	await run.until(({event}) => event === 'all-ready');
	return run;
}

async function interrupt(t: ExecutionContext, run: PortForwardRun): Promise<void> {
	run.child.kill('SIGINT');
	t.is(await run.ended, 0);
	t.deepEqual(run.faults(), []);
}

for (const [carrier, environment] of [
	['websocket', {}],
	['spdy', {KUBECTL_PORT_FORWARD_WEBSOCKETS: 'false'}],
] as const) {
	test.serial(`${carrier}: a response arrives after the client closes its side`, async t => {
		const run = await forward(t, ['pod/x', ':7001'], environment);
		const socket = await dial(await run.port());
		socket.end(sent);
		const {bytes, end} = await readToEnd(socket);
		t.is(bytes.toString(), hash);
		t.is(end, 'FIN');
		t.is((await run.until(({event}) => event === 'connection-closed'))['end'], 'client-fin');
		await interrupt(t, run);
	});

	test.serial(`${carrier}: 16 MiB are sent after the pod closes its side`, async t => {
		const run = await forward(t, ['pod/x', ':7002', ':7003'], environment);
		const socket = await dial(await run.port(1));
		t.is((await readToEnd(socket)).bytes.toString(), 'bye\n');
		socket.end(sent);
		await once(socket, 'close');
		t.is((await run.until(({event}) => event === 'connection-closed'))['end'], 'pod-fin');
		let receivedHash = '';
		for (const limit = Date.now() + 10_000; receivedHash !== hash && Date.now() < limit; await sleep(50)) {
			receivedHash = (await readToEnd(await dial(await run.port(2)))).bytes.toString();
		}

		t.is(receivedHash, hash);
		await interrupt(t, run);
	});

	test.serial(`${carrier}: a broken stream in the pod resets the client instead of ending it`, async t => {
		const run = await forward(t, ['pod/x', ':7004', ':7999', ':7000'], environment);
		t.deepEqual(await readToEnd(await dial(await run.port(1))), {bytes: Buffer.from('half of an ans'), end: 'RST'});
		t.is((await readToEnd(await dial(await run.port(2)))).end, 'RST');
		t.is((await run.until(({event}) => event === 'connection-failed')).error.code, 'ERR_PORT_REFUSED');
		const live = await dial(await run.port(3));
		live.write('alive');
		t.is(String(((await once(live, 'data')) as [Buffer])[0]), 'alive');
		await interrupt(t, run);
	});

	test.serial(`${carrier}: all bytes arrive from a pod that writes first and one that sends 64 MiB`, async t => {
		const run = await forward(t, ['pod/x', ':7007', ':7006'], environment);
		t.deepEqual(await readToEnd(await dial(await run.port(1))), {bytes: Buffer.from('220 late\r\n'), end: 'FIN'});
		const {bytes, end} = await readToEnd(await dial(await run.port(2)));
		t.is(bytes.length, 64 << 20);
		t.is(end, 'FIN');
		await interrupt(t, run);
	});
}

test.serial('raw SPDY is tried when WebSockets are stripped', async t => {
	const run = await forward(t, ['pod/spdy-only', ':7000']);
	t.is((await run.until(({event}) => event === 'ready'))['carrier'], 'spdy');
	await interrupt(t, run);
});

test.serial('a server that drops half-open stream pairs after 1 s drops none', async t => {
	const run = await forward(t, ['pod/impatient', ':7000']);
	for (let round = 0; round < 20; round++) {
		const socket = await dial(await run.port());
		socket.write('x');
		await once(socket, 'data');
		socket.destroy();
	}

	await sleep(1500);
	t.is(run.events.filter(({event}) => event === 'connection-failed').length, 0);
	await interrupt(t, run);
});
