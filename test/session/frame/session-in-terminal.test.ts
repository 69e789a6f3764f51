/** What only a process in a terminal shows: signals, exit statuses, and a terminal that is lent to a shell. */
import process from 'node:process';
import test from 'ava';
import {openSandbox} from '../../support/sandbox.ts';
import {onSandbox} from '../../support/sandbox-session.ts';
import type {TestTerminal} from '../../support/terminal.ts';
import {until} from '../../support/until.ts';

const mouseOff = '\u001B[?1006l\u001B[?1000l';
const reportsMouse = (terminal: TestTerminal) =>
	terminal.raw().lastIndexOf('\u001B[?1000h\u001B[?1006h') > terminal.raw().lastIndexOf(mouseOff);

test('the first screen shows pods, the path of the selected pod, and the key hints', async t => {
	const {terminal} = await onSandbox(t);
	await terminal.sees(/api-\w+-\w+ +1\/1 +Running/);
	await terminal.sees(/you ━ verified ━► apiserver a? ?╍ direct ━ unverified ━► kubelet n\d/);
	t.regex(terminal.screen()[0]!, /SANDBOX › default/);
	await terminal.sees(/ you ━ verified ━► apiserver ╍ direct ━ unverified ━► kubelet n1/);
	t.regex(terminal.screen().at(-1)!, /l logs {2}s shell {2}a attach {2}f forward {2}p proxy {2}w why {2}\/ filter {2}: more {2}\? help/);
	t.is(terminal.buffer(), 'alternate');
	t.true(terminal.screen().every(row => row.length <= 80));
});

test('a shell gets the whole terminal, byte for byte, and returns it', async t => {
	const {terminal} = await onSandbox(t);
	await terminal.sees(/toolbox-/);
	terminal.type('/toolbox\r');
	terminal.press('shell');
	await terminal.sees(/Detach: Ctrl-\] d/);
	await terminal.sees(/# $/m);
	t.is(terminal.buffer(), 'normal');
	terminal.type('stty size\r');
	await terminal.sees(/^24 80$/m);
	terminal.resize(100, 30);
	// The size arrives by a signal, which typed text may overtake.
	const answers = () => terminal.raw().match(/^\d+ \d+\r$/gm) ?? [];
	while (answers().at(-1) !== '30 100\r') {
		const {length} = answers();
		t.true(length < 1000);
		terminal.type('stty size\r');
		await until(() => answers().length > length, terminal.text);
	}

	terminal.type('exit 3\r');
	await terminal.sees(/shell terminated with exit code 3 after \d/);
	await terminal.sees(/w: why this path {2}any other key: back to the pods/);
	t.is(terminal.buffer(), 'normal');
	// The key that leads back acts in the view, too, if it only shows something.
	terminal.press('view.nodes');
	await terminal.sees(/┤4 Nodes \d/);
	t.is(terminal.buffer(), 'alternate');
	terminal.press('list/filter');
	await terminal.sees(/Enter apply/);
});

for (const [signal, status] of [
	['SIGTERM', 143],
	['SIGHUP', 129],
] as const) {
	test(`${signal} restores the terminal and exits ${status}`, async t => {
		const {terminal} = await onSandbox(t);
		await terminal.sees(/web-\w+/);
		terminal.signal(signal);
		t.is(await terminal.ended(), status);
		t.is(terminal.buffer(), 'normal');
		t.true(terminal.raw().endsWith('\u001B[?25h') || terminal.raw().includes('\u001B[?25h'));
		t.true(terminal.raw().lastIndexOf('\u001B[?2004l') > terminal.raw().lastIndexOf('\u001B[?2004h'));
	});
}

test('without a terminal the session exits with one line', async t => {
	const {kubeconfigFile} = await openSandbox(t);
	const {execa} = await import('execa');
	const program = process.env['SPOKE_PROGRAM'] ?? new URL('../../../build/spoke.js', import.meta.url).pathname;
	const {exitCode, stderr} = await execa(process.execPath, [program, '--kubeconfig', kubeconfigFile], {reject: false, stdin: 'ignore'});
	t.is(exitCode, 2);
	t.regex(stderr, /^error: the session needs a terminal .*\[ERR_NO_TERMINAL\]$/);
});

test('suspend returns the terminal, and resume shows the same screen', async t => {
	const {terminal} = await onSandbox(t);
	await terminal.sees(/web-\w+/);
	// Nothing could continue it in its own pseudo-terminal, so the stop is ignored. The written bytes show the restored terminal.
	terminal.press('app.suspend');
	await terminal.writes('\u001B[?1049l');
	await terminal.sees(/web-\w+/);
	terminal.press('list/filter');
	await terminal.sees(/^ \/▏/m);
});

test('reports are on in the session, off in a shell and in a plain tail, and off at the end', async t => {
	const {terminal} = await onSandbox(t, [], {columns: 120, rows: 40});
	await terminal.sees(/toolbox-/);
	t.true(reportsMouse(terminal));
	terminal.type('/toolbox\rs');
	await terminal.sees(/Detach:/);
	t.false(reportsMouse(terminal));
	terminal.type('exit\r');
	await terminal.sees(/1 Pods[\s\S]*shell terminated with exit code 0/);
	t.true(reportsMouse(terminal));
	terminal.type('l');
	await terminal.sees(/Tail pod/);
	terminal.press('tail.plain');
	await terminal.writes(mouseOff);
	terminal.press('view.back', 'view.back');
	await terminal.sees(/1 Pods/);
	t.true(reportsMouse(terminal));
	terminal.signal('SIGTERM');
	await terminal.ended();
	t.false(reportsMouse(terminal));
});

test('input typed while a shell opens goes to the shell', async t => {
	const {terminal} = await onSandbox(t);
	await terminal.sees(/toolbox-/);
	terminal.type('/toolbox\rsecho typed ahead\r');
	await terminal.sees(/^typed ahead$/m);
});
