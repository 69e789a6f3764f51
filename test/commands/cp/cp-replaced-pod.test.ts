/** Pods that another one replaces, or whose copy program is killed, while a copy runs. */
import {createHash, randomBytes} from 'node:crypto';
import {readdir, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {exitCode} from '../../support/command-server.ts';
import {copy, type CopyServer, type CopyServerOptions, startCopyServer} from '../../support/copy-server.ts';

const replaced = /pod web was replaced while it was copied \(start the copy again\) \[ERR_TARGET_GONE\]\n$/;

/** Another pod has the name as soon as the first exec writes something. */
async function startReplacedPod(t: ExecutionContext, options: CopyServerOptions = {}): Promise<CopyServer> {
	const metadata = {name: 'web', namespace: 'default', uid: 'u1'};
	return startCopyServer(t, {
		...options,
		pod: {metadata},
		change(bytes, index) {
			metadata.uid = 'u2';
			return options.change?.(bytes, index) ?? bytes;
		},
	});
}

test('a copy from a pod reads no changed file again from the pod that replaced it', async t => {
	const server = await startReplacedPod(t, {
		change: bytes => Buffer.from(bytes.toString('latin1').replace('needle', 'Needle'), 'latin1'),
	});
	await writeFile(join(server.remote, 'a'), 'needle');
	const {status, stderr} = await copy(server, 'web:.', server.local);
	t.is(status, 12, stderr);
	t.regex(stderr, replaced);
	t.is(server.upgrades.length, 1);
	t.deepEqual(await readdir(server.local), []);
});

test('a copy program that a signal ends is an error, and its files are not read again', async t => {
	const size = 200_000;
	const content = 'a'.repeat(size);
	const response = `D ${size}\n${content}E\n${createHash('sha256').update(content).digest('hex')}  ./a\nE\n`;
	const server = await startCopyServer(t, {
		script(far) {
			far.stdin.resume();
			far.stdout(`spoke-cp 1\ndir\nN 2\nr./a\0\0r./b\0\0${`81a4 ${size} 1\n`.repeat(2)}E\n`);
			far.stdout(response);
			far.status(exitCode(137));
			far.close();
		},
	});
	const {status, stderr} = await copy(server, 'web:.', server.local);
	t.is(status, 1, stderr);
	t.regex(stderr, /^error: the copy program in the container ended early, with status 137 \[ERR_COPY_INCOMPLETE\]$/m);
	t.is(server.upgrades.length, 1);
	t.deepEqual(await readdir(server.local), ['a']);
});

test('a copy to a pod sends nothing again to the pod that replaced it', async t => {
	const server = await startReplacedPod(t, {inputCuts: [2_000_000]});
	await writeFile(join(server.local, 'big'), randomBytes(4_000_000));
	const {status, stderr} = await copy(server, join(server.local, 'big'), 'web:big');
	t.is(status, 12, stderr);
	t.regex(stderr, replaced);
	t.is(server.upgrades.length, 1);
	t.deepEqual(await readdir(server.remote), []);
});
