/** The mouse in the built program. */
import test from 'ava';
import {onSandbox} from '../../support/sandbox-session.ts';
import type {TestTerminal} from '../../support/terminal.ts';

const size = {columns: 120, rows: 40};

const on = '\u001B[?1000h\u001B[?1006h';
const off = '\u001B[?1006l\u001B[?1000l';
const [left, wheelUp, wheelDown] = [0, 64, 65];

/** At the first cell of the text, once or several times. */
function mouse(terminal: TestTerminal, text: RegExp, {code = left, times = 1}: {code?: number; times?: number} = {}): void {
	const rows = terminal.screen();
	const row = rows.findIndex(one => text.test(one));
	const cell = `${text.exec(rows[row] ?? '')!.index + 1};${row + 1}`;
	terminal.type(`\u001B[<${code};${cell}M\u001B[<${code};${cell}m`.repeat(times));
}

const isLastSet = (terminal: TestTerminal) => terminal.raw().lastIndexOf(on) > terminal.raw().lastIndexOf(off);

test('a click selects a row, and a double click opens it', async t => {
	const {terminal} = await onSandbox(t, [], size);
	await terminal.sees(/^ {3}web-/m);
	mouse(terminal, /db-0/);
	await terminal.sees(/^ ▸ db-0/m);
	mouse(terminal, /web-/, {times: 2});
	await terminal.sees(/Containers of web-/);
	terminal.press('cancel');
	await terminal.sees(/^ ▸ web-/m);
});

test('a click on a tab, on a key of the footer and on a connection does what its key does', async t => {
	const {terminal} = await onSandbox(t, [], size);
	await terminal.sees(/toolbox-/);
	mouse(terminal, /toolbox-/);
	await terminal.sees(/^ ▸ toolbox-/m);
	mouse(terminal, /l logs {2}/);
	await terminal.sees(/Tail pod\/toolbox/);
	terminal.press('tail.background');
	await terminal.sees(/Connections 1/);
	mouse(terminal, /4 Nodes/);
	await terminal.sees(/┤4 Nodes/);
	mouse(terminal, /logs +pod\/toolbox/);
	await terminal.sees(/┤Connections 1├/);
	await terminal.sees(/n1 +Ready/);
	mouse(terminal, /n1 +Ready/);
	await terminal.sees(/^ ▸ n1/m);
	await terminal.loses(/┤Connections 1├/);
	mouse(terminal, /logs +pod\/toolbox/, {times: 2});
	await terminal.sees(/Tail pod\/toolbox/);
});

test('in a dialog a click selects an item or does what a key does, and outside of it nothing', async t => {
	const {terminal} = await onSandbox(t, [], size);
	await terminal.sees(/web-/);
	terminal.press('namespace.pick');
	await terminal.sees(/ ▸ default/);
	await terminal.sees(/kube-system/);
	mouse(terminal, /4 Nodes/);
	mouse(terminal, /web-/, {times: 2});
	mouse(terminal, /kube-system/);
	await terminal.sees(/ ▸ kube-system/);
	t.regex(terminal.text(), /┤1 Pods/);
	mouse(terminal, /Esc back/);
	await terminal.loses(/ ▸ kube-system/);
	terminal.press('namespace.pick');
	await terminal.sees(/ ▸ default/);
	await terminal.sees(/kube-system/);
	mouse(terminal, /kube-system/, {times: 2});
	await terminal.sees(/› kube-system/);
	terminal.type('/');
	await terminal.sees(/Enter apply/);
	mouse(terminal, /Esc cancel/);
	await terminal.loses(/Enter apply/);
});

test('the wheel scrolls the pane under it', async t => {
	const {terminal} = await onSandbox(t, [], {columns: 120, rows: 16});
	await terminal.sees(/web-/);
	terminal.press('help.open');
	await terminal.sees(/any other key closes/);
	const before = terminal.screen()[3];
	mouse(terminal, /any other/, {code: wheelDown});
	terminal.type(`\u001B[<${wheelDown};5;9M`);
	await terminal.sees(/3 above/);
	terminal.type(`\u001B[<${wheelUp};5;9M`);
	await terminal.loses(/3 above/);
	t.is(terminal.screen()[3], before);
	mouse(terminal, /any other/);
	await terminal.sees(/Pods/);
});

test('reports are on in the session, off in a shell and in a plain tail, and off at the end', async t => {
	const {terminal} = await onSandbox(t, [], size);
	await terminal.sees(/toolbox-/);
	t.true(isLastSet(terminal));
	terminal.type('/toolbox\rs');
	await terminal.sees(/Detach:/);
	t.false(isLastSet(terminal));
	terminal.type('exit\r');
	await terminal.sees(/back to the pods/);
	terminal.type(' ');
	await terminal.sees(/1 Pods/);
	t.true(isLastSet(terminal));
	terminal.type('l');
	await terminal.sees(/Tail pod/);
	terminal.press('tail.plain');
	await terminal.writes(off);
	terminal.press('view.back', 'view.back');
	await terminal.sees(/1 Pods/);
	t.true(isLastSet(terminal));
	terminal.signal('SIGTERM');
	await terminal.ended();
	t.false(isLastSet(terminal));
});

test('--mouse=off asks for no reports', async t => {
	const {terminal} = await onSandbox(t, ['--mouse=off'], size);
	await terminal.sees(/toolbox-/);
	t.false(terminal.raw().includes('?1000h'));
});
