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
			child.stdin.write(`root ${folder}\nget ./large\nend\n`);
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
		'p ./proc',
		'p ./sys',
		'r ./data',
		'r ./data/mnt',
		'r ./mounts',
		'r ./proc-backup',
		'r ./proc-backup/1',
	]);
	t.deepEqual(await list(join(folder, 'proc')), ['r ./1'], 'a source within one is listed');
});

for (const shell of [['sh'], ['busybox', 'sh'], ['bash']]) {
	testWith(shell[0]!)(`${shell.join(' ')} does not replace a file that is mounted`, async t => {
		const folder = await temporaryDirectory(t);
		await mkdir(join(folder, 'sub'));
		for (const name of ['hosts', 'sub/config', 'sub/other', 'a 7']) {
			await writeFile(join(folder, name), name);
		}

		const mounts = ['/ overlay', `${folder}/hosts ext4`, `${folder}/sub/config tmpfs`, `${folder}/a\\0407 ext4`];
		await writeFile(join(folder, 'mounts'), mounts.map(mount => `x ${mount} rw\n`).join(''));
		const command = copyCommand(null, 'to-pod').map(word => word.replaceAll('/proc/mounts', join(folder, 'mounts')));
		const child = start(t, command, shell);
		const names = ['hosts', 'sub/config', 'a\\00407', 'sub/other'];
		const placements = names.flatMap(name => [`put 3 - - ./more ./${name}`, 'hi', sumOf('hi\n')]);
		child.stdin.end([`target ${folder}/`, ...placements, 'end', ''].join('\n'));
		const [greeting, ...responses] = (await text(child.stdout)).trim().split('\n');
		t.regex(greeting!, /^spoke-cp 1$/);
		const refused = 'a mounted file has its name, and cannot be replaced';
		t.deepEqual(responses, ['dir', refused, refused, refused, 'ok']);
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
	const placements = ['mounted', 'link'].flatMap(name => [`put 3 - - ./new ./${name}`, 'hi', sumOf('hi\n')]);
	child.stdin.end(['target /way/link', ...placements, 'end', ''].join('\n'));
	const [, ...responses] = (await text(child.stdout)).trim().split('\n');
	t.deepEqual(responses, ['file', 'a mounted file has its name, and cannot be replaced', 'ok']);
	t.is(await readFile(join(root, 'data/link'), 'utf8'), 'hi\n');
	t.deepEqual(await readdir(join(root, 'data/sub')), ['file']);
});
