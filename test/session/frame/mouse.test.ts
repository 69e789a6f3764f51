/** The mouse in a session. */
import {writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {setTimeout} from 'node:timers/promises';
import test from 'ava';
import {kubeconfigText} from '../../support/kubeconfig-text.ts';
import {LogServer} from '../../support/log-server.ts';
import {newHome} from '../../support/new-home.ts';
import {openSession, sessionOnSandbox} from '../../support/open-session.ts';
import type {TestScreen} from '../../support/test-screen.ts';

const size = {columns: 120, rows: 40};

const [left, wheelUp, wheelDown] = [0, 64, 65];

/** At the first cell of the text, once or several times. */
function mouse(session: TestScreen, text: RegExp, {code = left, times = 1}: {code?: number; times?: number} = {}): void {
	const rows = session.screen();
	const row = rows.findIndex(one => text.test(one));
	const cell = `${text.exec(rows[row] ?? '')!.index + 1};${row + 1}`;
	session.type(`\u001B[<${code};${cell}M\u001B[<${code};${cell}m`.repeat(times));
}

test('a click selects a row, and a double click opens it', async t => {
	const {session} = await sessionOnSandbox(t, [], size);
	await session.sees(/^ {3}web-/m);
	mouse(session, /db-0/);
	await session.sees(/^ ▸ db-0/m);
	mouse(session, /web-/, {times: 2});
	await session.sees(/Containers of web-/);
	session.press('cancel');
	await session.sees(/^ ▸ web-/m);
});

test('a click on a tab, on a key of the footer and on a connection does what its key does', async t => {
	const {session} = await sessionOnSandbox(t, [], size);
	await session.sees(/toolbox-/);
	mouse(session, /toolbox-/);
	await session.sees(/^ ▸ toolbox-/m);
	mouse(session, /l logs {2}/);
	await session.sees(/Tail pod\/toolbox/);
	session.press('tail.background');
	await session.sees(/Connections 1/);
	mouse(session, /4 Nodes/);
	await session.sees(/┤4 Nodes/);
	mouse(session, /logs +pod\/toolbox/);
	await session.sees(/┤Connections 1├/);
	await session.sees(/n1 +Ready/);
	mouse(session, /n1 +Ready/);
	await session.sees(/^ ▸ n1/m);
	await session.loses(/┤Connections 1├/);
	mouse(session, /logs +pod\/toolbox/, {times: 2});
	await session.sees(/Tail pod\/toolbox/);
});

test('in a dialog a click selects an item or does what a key does, and outside of it nothing', async t => {
	const {session} = await sessionOnSandbox(t, [], size);
	await session.sees(/web-/);
	session.press('namespace.pick');
	await session.sees(/ ▸ default/);
	await session.sees(/kube-system/);
	mouse(session, /4 Nodes/);
	mouse(session, /web-/, {times: 2});
	mouse(session, /kube-system/);
	await session.sees(/ ▸ kube-system/);
	t.regex(session.text(), /┤1 Pods/);
	mouse(session, /Esc back/);
	await session.loses(/ ▸ kube-system/);
	session.press('namespace.pick');
	await session.sees(/ ▸ default/);
	await session.sees(/kube-system/);
	mouse(session, /kube-system/, {times: 2});
	await session.sees(/› kube-system/);
	session.type('/');
	await session.sees(/Enter apply/);
	mouse(session, /Esc cancel/);
	await session.loses(/Enter apply/);
});

test('the wheel scrolls the pane under it', async t => {
	const {session} = await sessionOnSandbox(t, [], {columns: 120, rows: 16});
	await session.sees(/web-/);
	session.press('help.open');
	await session.sees(/any other key closes/);
	const before = session.screen()[3];
	mouse(session, /any other/, {code: wheelDown});
	session.type(`\u001B[<${wheelDown};5;9M`);
	await session.sees(/3 above/);
	session.type(`\u001B[<${wheelUp};5;9M`);
	await session.loses(/3 above/);
	t.is(session.screen()[3], before);
	mouse(session, /any other/);
	await session.sees(/Pods/);
});

test('in a tail of 5,000 lines a second a click selects the line that was painted there', async t => {
	const server = await LogServer.start(t);
	const log = server.addLog('web');
	const home = await newHome(t);
	const file = join(home, 'kubeconfig');
	await writeFile(file, kubeconfigText({server: server.url, user: {}, namespace: 'demo'}));
	const session = await openSession(t, ['tail', 'pod/web', '--kubeconfig', file], {home, ...size});
	const [started, lines] = [performance.now(), {count: 0}];
	const writing = setInterval(() => {
		const due = Math.floor((performance.now() - started) * 5);
		log.append(...Array.from({length: due - lines.count}, () => ({time: new Date().toISOString(), text: `GET /${++lines.count} end`})));
	}, 10);
	t.teardown(() => {
		clearInterval(writing);
	});
	// Two clicks at one place would be a double click.
	for (const row of [5, 10, 15, 20, 25]) {
		await session.sees(/following · [4-6],\d{3} lines\/s[^]*GET \/\d+ end/);
		// Between two frames, which are 160 ms apart. The screen then shows all that the session has written.
		await setTimeout(100);
		await session.overwrite('');
		const [painted] = /GET \/\d+ end/.exec(session.screen()[row - 1]!)!;
		session.type(`\u001B[<0;30;${row}M\u001B[<0;30;${row}m`);
		session.press('tail/open');
		await session.sees(new RegExp(`┤Line [\\d,]+├.*\\n[ ▸]+${painted}`), 5000);
		session.press('view.back');
		await session.loses(/┤Line/);
		session.press('tail/move.end');
	}
});

test('--mouse=off asks for no reports', async t => {
	const {session} = await sessionOnSandbox(t, ['--mouse=off'], size);
	await session.sees(/toolbox-/);
	t.false(session.raw().includes('?1000h'));
});
