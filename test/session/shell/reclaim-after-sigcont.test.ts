/** The terminal after SIGSTOP and SIGCONT. */
import {writeFile} from 'node:fs/promises';
import process from 'node:process';
import test from 'ava';
import {execa} from 'execa';
import {onSandbox} from '../../support/sandbox-session.ts';
import type {TestTerminal} from '../../support/terminal.ts';

const linuxTest = process.platform === 'linux' ? test : test.skip;

/** As a shell does with a stopped job. */
async function stopAndContinue(terminal: TestTerminal): Promise<void> {
	process.kill(terminal.pid, 'SIGSTOP');
	await execa('stty', ['-F', `/proc/${terminal.pid}/fd/0`, 'sane']);
	await writeFile(`/proc/${terminal.pid}/fd/0`, '\u001B[?2004l\r\n\u001B[H[1]+ Stopped  spoke\r\n$ fg\r\n');
	await terminal.sees(/Stopped {2}spoke/);
	process.kill(terminal.pid, 'SIGCONT');
}

async function settings({pid}: TestTerminal): Promise<string> {
	return (await execa('stty', ['-F', `/proc/${pid}/fd/0`, '-a'])).stdout;
}

linuxTest('after SIGCONT, lists are drawn completely, and keys and pasted text are distinguished', async t => {
	const {terminal} = await onSandbox(t);
	await terminal.sees(/web-\w+-\w+/);
	const pastes = () => terminal.raw().split('\u001B[?2004h').length;
	const before = pastes();
	await stopAndContinue(terminal);
	await terminal.sees(/┤1 Pods \d+├/);
	await terminal.loses(/Stopped/);
	t.is(terminal.buffer(), 'alternate');
	t.regex(terminal.screen()[0]!, /^ spoke {2}SANDBOX/);
	t.true(pastes() > before);
	t.regex(await settings(terminal), /-icanon/);
	terminal.type('5');
	await terminal.sees(/┤5 Forwards├/);
});

linuxTest('after SIGCONT, a remote shell has its raw terminal again, output included', async t => {
	const {terminal} = await onSandbox(t);
	await terminal.sees(/toolbox-/);
	terminal.type('/toolbox\rs');
	await terminal.sees(/# $/m);
	await stopAndContinue(terminal);
	await terminal.sees(/fg/);
	terminal.type('echo it goes on\r');
	await terminal.sees(/^it goes on$/m);
	t.regex(await settings(terminal), /-icanon/);
	t.regex(await settings(terminal), /-opost/);
});
