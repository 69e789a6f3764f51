/** The program of a copy, in shells of this machine. */
import {spawn, type ChildProcessWithoutNullStreams} from 'node:child_process';
import {once} from 'node:events';
import {mkdir, mkdtemp, rm, truncate, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import process from 'node:process';
import test, {type ExecutionContext} from 'ava';
import {copyCommand} from '../../../source/streams/copy/copy-program.ts';
import {findProgram} from '../../support/copy-server.ts';

const largeBytes = 64 * 1024 * 1024;

async function sourceFolder(t: ExecutionContext): Promise<string> {
	const folder = await mkdtemp(join(tmpdir(), 'spoke-copy-'));
	t.teardown(async () => rm(folder, {recursive: true, force: true}));
	return folder;
}

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
		test(`${shell.join(' ')} that sends a file ends when the stream is ${isLost ? 'lost' : 'read to its end'}`, async t => {
			if ((await findProgram(shell[0]!)) === null) {
				t.pass('not on this machine');
				return;
			}

			const folder = await sourceFolder(t);
			await writeFile(join(folder, 'large'), '');
			await truncate(join(folder, 'large'), largeBytes);
			const child = start(t, copyCommand(null, 'from-pod'), shell);
			const exited = once(child, 'exit') as Promise<[number | null, NodeJS.Signals | null]>;
			child.stdin.write(`root ${folder}\nread 0 ${largeBytes} ./large\nend\n`);
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
	const folder = await sourceFolder(t);
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
