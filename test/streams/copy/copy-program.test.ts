/** The program of a copy, in shells of this machine. */
import {spawn, type ChildProcessWithoutNullStreams} from 'node:child_process';
import {createHash} from 'node:crypto';
import {once} from 'node:events';
import {mkdir, readdir, readFile, symlink, truncate, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import process from 'node:process';
import {text} from 'node:stream/consumers';
import test, {type ExecutionContext} from 'ava';
import {copyCommand} from '../../../source/streams/copy/copy-program.ts';
import {testWith} from '../../support/copy-server.ts';
import {temporaryDirectory} from '../../support/temporary-directory.ts';

function sumOf(text: string): string {
	return createHash('sha256').update(text).digest('hex');
}

const largeBytes = 64 * 1024 * 1024;

/** Leads its process group, as a command of exec does. */
function start(t: ExecutionContext, command: readonly string[], shell: readonly string[] = ['sh']): ChildProcessWithoutNullStreams {
	const [program = '', ...args] = [...shell, ...command.slice(1)];
	const child = spawn(program, args, {detached: true, stdio: 'pipe'});
	child.stdin.on('error', () => {});
	t.teardown(() => {
		try {
			process.kill(-child.pid!, 'SIGKILL');
		} catch {
			// It has ended.
		}
	});
	return child;
}

for (const shell of [['sh'], ['busybox', 'sh'], ['bash']]) {
	for (const isLost of [false, true]) {
		testWith(shell[0]!)(`${shell.join(' ')} that sends a file ends when the stream is ${isLost ? 'lost' : 'read to its end'}`, async t => {
			const folder = await temporaryDirectory(t);
			await writeFile(join(folder, 'large'), '');
			await truncate(join(folder, 'large'), largeBytes);
			const child = start(t, copyCommand(null, 'from-pod'), shell);
			const exited = once(child, 'exit') as Promise<[number | null, NodeJS.Signals | null]>;
			child.stdin.write(`root ${folder}\nread ${largeBytes} ./large\nend\n`);
			if (!isLost) {
				child.stdout.resume();
				t.deepEqual(await exited, [0, null]);
				return;
			}

			// Nobody reads more, as in a runtime whose client is gone.
			await once(child.stdout, 'readable');
			child.stdin.end();
			t.deepEqual(await exited, [null, 'SIGKILL']);
			child.stdout.resume();
			await once(child, 'close');
			t.pass('no process holds the output');
		});
	}
}

test('a listing names mounts of pseudo file systems, and nothing below them', async t => {
	const folder = await temporaryDirectory(t);
	for (const name of ['proc/1', 'sys', 'data/mnt', 'proc-backup/1']) {
		await mkdir(join(folder, name), {recursive: true});
	}

	const mounts = ['overlay / overlay rw', `proc ${folder}/proc proc rw`, `sysfs ${folder}/sys sysfs ro`, `x ${folder}/data/mnt ext4 rw`];
	await writeFile(join(folder, 'mounts'), `${mounts.join('\n')}\n`);
	const list = async (source: string) => {
		const command = copyCommand(null, 'from-pod').map(word => word.replaceAll('/proc/mounts', join(folder, 'mounts')));
		const child = start(t, command);
		child.stdin.write(`root ${source}\nlist\nend\n`);
		let output = '';
		child.stdout.setEncoding('latin1').on('data', (text: string) => {
			output += text;
		});
		await once(child, 'close');
		return [...output.matchAll(/([a-zA-Z])(\.\/[\w/-]+)\0/g)].map(([, kind, name]) => `${kind} ${name}`).toSorted();
	};

	t.deepEqual(await list(folder), [
		'd ./data',
		'd ./data/mnt',
		'd ./proc-backup',
		'd ./proc-backup/1',
		'f ./mounts',
		'p ./proc',
		'p ./sys',
	]);
	t.deepEqual(await list(join(folder, 'proc')), ['d ./1'], 'a source within one is listed');
});

for (const shell of [['sh'], ['busybox', 'sh'], ['bash']]) {
	testWith(shell[0]!)(`${shell.join(' ')} does not replace a file that is mounted`, async t => {
		const folder = await temporaryDirectory(t);
		await mkdir(join(folder, 'sub'));
		for (const name of ['hosts', 'sub/config', 'sub/other', 'new', 'a 7']) {
			await writeFile(join(folder, name), name);
		}

		const mounts = ['/ overlay', `${folder}/hosts ext4`, `${folder}/sub/config tmpfs`, `${folder}/a\\0407 ext4`];
		await writeFile(join(folder, 'mounts'), mounts.map(mount => `x ${mount} rw\n`).join(''));
		const command = copyCommand(null, 'to-pod').map(word => word.replaceAll('/proc/mounts', join(folder, 'mounts')));
		const child = start(t, command, shell);
		const requests = ['hosts', 'sub/config', 'a\\00407', 'new', ''].map(name => `target ${folder}/${name}`);
		const placements = [
			`place ${sumOf('new')} 3 - - ./new ./sub/config`,
			'put 3 ./more',
			'hi',
			`place ${sumOf('hi\n')} 3 - - ./more ./sub/other`,
		];
		child.stdin.end([...requests, ...placements, 'end', ''].join('\n'));
		const [greeting, ...responses] = (await text(child.stdout)).trim().split('\n');
		t.regex(greeting!, /^spoke-cp 1$/);
		t.deepEqual(responses, ['mount', 'mount', 'mount', 'file', 'dir', 'a mounted file has its name, and cannot be replaced', 'ok']);
		t.is(await readFile(join(folder, 'sub/config'), 'utf8'), 'sub/config');
		t.is(await readFile(join(folder, 'sub/other'), 'utf8'), 'hi\n');
	});
}

test('a link that a debug container is to write to is replaced in its own folder', async t => {
	const folder = await temporaryDirectory(t);
	const root = join(folder, '1/root');
	await mkdir(join(root, 'data/sub'), {recursive: true});
	await writeFile(join(folder, '1/cgroup'), '0::/kubepods/0123abc\n');
	await writeFile(join(folder, '1/mounts'), 'overlay / overlay rw\nx /data/mounted ext4 rw\n');
	await writeFile(join(root, 'data/mounted'), '');
	await writeFile(join(root, 'data/sub/file'), 'old');
	await symlink('/data/sub/file', join(root, 'data/link'));
	await symlink('/data', join(root, 'way'));
	const child = start(
		t,
		copyCommand('0123abc', 'to-pod').map(word => word.replaceAll('/proc/', `${folder}/`)),
	);
	const requests = ['target /way/mounted', 'target /way/link', 'put 3 ./new', 'hi', `place ${sumOf('hi\n')} 3 - - ./new ./link`, 'end', ''];
	child.stdin.end(requests.join('\n'));
	const [, ...responses] = (await text(child.stdout)).trim().split('\n');
	t.deepEqual(responses, ['mount', 'file', 'ok']);
	t.is(await readFile(join(root, 'data/link'), 'utf8'), 'hi\n');
	t.deepEqual(await readdir(join(root, 'data/sub')), ['file']);
});
