/** The terminal after the session. */
import {readFile} from 'node:fs/promises';
import test, {type ExecutionContext} from 'ava';
import {onSandbox} from '../../support/sandbox-session.ts';

/** A bug triggered by a signal. */
const bug = `--import=data:text/javascript,${encodeURIComponent('process.on("SIGUSR2", () => { throw new Error("made by a test \\u001b]0;title"); });')}`;

async function withBug(t: ExecutionContext) {
	const {terminal, home} = await onSandbox(t, [], {columns: 200, env: {NODE_OPTIONS: bug}});
	await terminal.sees(/toolbox-/);
	return {terminal, home};
}

async function crashes(t: ExecutionContext, {terminal, home}: Awaited<ReturnType<typeof withBug>>): Promise<void> {
	terminal.signal('SIGUSR2');
	t.is(await terminal.ended(), 70);
	t.is(terminal.buffer(), 'normal');
	const told = /error: bug in spoke: made by a test \^\[\]0;title; the report is in (\S+) \[ERR_INTERNAL\]$/m.exec(terminal.text());
	t.truthy(told, terminal.text());
	// The last text on the screen, once.
	t.is(
		terminal.screen().findLast(row => row !== ''),
		told![0],
	);
	t.regex(told![1]!, new RegExp(`^${home}/`));
	t.regex(await readFile(told![1]!, 'utf8'), /^spoke [\d.]+, Node \d[\s\S]*Error: made by a test .*\n {4}at /);
	for (const mode of ['?1049', '?2004', '?25']) {
		const last = [...terminal.raw().matchAll(/\u001B\[(\?\d+)([hl])/g)].findLast(([, one]) => one === mode)?.[2];
		t.is(last, mode === '?25' ? 'h' : 'l', mode);
	}
}

test('a crash restores the terminal and leaves one line on the screen', async t => {
	await crashes(t, await withBug(t));
});

test('a crash while a shell has the terminal restores the terminal', async t => {
	const session = await withBug(t);
	session.terminal.type('/toolbox\r');
	session.terminal.press('shell');
	await session.terminal.sees(/# $/m);
	await crashes(t, session);
});

test('a signal while a shell has the terminal restores the terminal', async t => {
	const {terminal} = await withBug(t);
	terminal.type('/toolbox\r');
	terminal.press('shell');
	await terminal.sees(/# $/m);
	terminal.signal('SIGTERM');
	t.is(await terminal.ended(), 143);
	t.is(terminal.buffer(), 'normal');
	t.regex(terminal.text(), /left the shell after/);
	t.notRegex(terminal.text(), /any other key/);
});
