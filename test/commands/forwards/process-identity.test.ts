import {spawn} from 'node:child_process';
import {once} from 'node:events';
import process from 'node:process';
import test from 'ava';
import {isProcessRunning, readProcess} from '../../../source/commands/forwards/detached-forward-state.ts';
import {until} from '../../support/until.ts';

/** ps has the columns of macOS on Linux too. */
const platforms = process.platform === 'linux' ? ['linux', 'darwin'] : [process.platform];

for (const platform of platforms) {
	test(`a process is the same until it ends: ${platform}`, async t => {
		const child = spawn('sh', ['-c', 'echo up; read line']);
		await once(child.stdout, 'data');
		const facts = await readProcess(child.pid!, platform);
		t.is(facts?.pid, child.pid);
		t.deepEqual(await readProcess(child.pid!, platform), facts);
		child.stdin.end('\n');
		await once(child, 'close');
		t.is(await readProcess(child.pid!, platform), null);
	});

	test(`a process whose exit status nobody has read has ended: ${platform}`, async t => {
		// The child of the shell ends, and the shell, replaced by sleep, never waits for it.
		const shell = spawn('sh', ['-c', 'sh -c "echo \\$\\$" & exec sleep 600']);
		t.teardown(() => shell.kill('SIGKILL'));
		const [line] = (await once(shell.stdout, 'data')) as [Buffer];
		await until(async () => (await readProcess(Number(line), platform)) === null);
		t.pass();
	});
}

test('a process with another start time is another one', async t => {
	const own = (await readProcess(process.pid))!;
	t.true(await isProcessRunning(own));
	t.false(await isProcessRunning({...own, startTime: `${own.startTime}1`}));
});
