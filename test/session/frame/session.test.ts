/** The built program in a terminal, on the sandbox. */
import {once} from 'node:events';
import {existsSync} from 'node:fs';
import {connect} from 'node:net';
import {readFile, stat, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import process from 'node:process';
import {setTimeout as delay} from 'node:timers/promises';
import test from 'ava';
import {openSandbox} from '../../support/sandbox.ts';
import {newHome, onSandbox} from '../../support/sandbox-session.ts';
import {openTerminal, type TestTerminal} from '../../support/terminal.ts';
import {until} from '../../support/until.ts';
import {unusedPort} from '../../support/unused-port.ts';

/** Parallel tests get the same suggestion. */
async function typeFreePort(terminal: TestTerminal): Promise<void> {
	const port = await unusedPort();
	terminal.press('move.down', 'clear');
	terminal.type(String(port));
	await terminal.sees(new RegExp(`Local port +${port}▏`));
}

/** Opens the form that forwards to a service. */
async function openServiceForm(terminal: TestTerminal, name: string): Promise<void> {
	await terminal.sees(/web-\w+-\w+ +2\/2 +Running/);
	terminal.press('view.services');
	await terminal.sees(/web +ClusterIP/);
	terminal.type(`/${name}\r`);
	terminal.press('forward');
	await terminal.sees(new RegExp(`Forward from svc/${name}`));
}

test('the first screen shows pods, the path of the selected pod, and the key hints', async t => {
	const {terminal} = await onSandbox(t);
	await terminal.sees(/api-\w+-\w+ +1\/1 +Running/);
	await terminal.sees(/you ━ verified ━► apiserver a? ?╍ direct ━ unverified ━► kubelet n\d/);
	t.regex(terminal.screen()[0]!, /SANDBOX › default/);
	await terminal.sees(/^ {3}encrypted, but the apiserver does not check who kubelet n\d is$/m);
	t.regex(terminal.screen().at(-1)!, /l logs {2}s shell {2}a attach {2}f forward {2}p proxy {2}w why {2}\/ filter {2}: more {2}\? help/);
	t.is(terminal.buffer(), 'alternate');
	t.true(terminal.screen().every(row => row.length <= 80));
});

test('a tail follows, keeps all lines while searched, and shows JSON as fields', async t => {
	const {terminal} = await onSandbox(t, ['tail', 'deploy/api']);
	await terminal.sees(/Tail deploy\/api├ 2 pods/);
	await terminal.sees(/ error upstream/);
	terminal.press('search');
	terminal.type('upstream');
	await terminal.sees(/[1-9]\d* matches/);
	terminal.press('accept');
	await terminal.sees(/\/upstream: match [\d,]+ of [\d,]+/);
	await terminal.sees(/not following · /);
	await terminal.sees(/error upstream timed out +path=/);
	terminal.press('tail/filter');
	terminal.type('!healthz');
	terminal.press('accept');
	await terminal.sees(/match !healthz/);
	await terminal.loses(/path=\/healthz/);
	terminal.press('move.end');
	await terminal.sees(/─ following · /);
	terminal.press('view.back', 'view.back');
	await terminal.sees(/path=\/healthz/);
	terminal.press('view.back');
	await terminal.sees(/api-\w+-\w+ +1\/1 +Running/);
});

test('an empty tail names the filters that hide its lines', async t => {
	const {terminal} = await onSandbox(t, ['tail', 'sts/db']);
	await terminal.sees(/[1-9]\d* lines?/);
	terminal.press('tail.level', 'tail.level', 'tail/filter');
	terminal.type('!nothing');
	terminal.press('accept');
	await terminal.sees(/^ None of [\d,]+ lines match !nothing at error or above\.[\s\S]+0 match !nothing at error or above/m);
	terminal.press('tail.pause');
	await terminal.sees(/^ None of the lines before the pause match !nothing at error or above\./m);
});

test('keys typed in one burst apply to each view in turn', async t => {
	const {terminal} = await onSandbox(t);
	await terminal.sees(/web-\w+-\w+/);
	terminal.type('/web\rjjkl');
	await terminal.sees(/Tail pod\/web-/);
});

test('a reset of all connections appears as a reconnect and the tail resumes', async t => {
	// Enough rows for a notice of a fast tail to be seen on a slow machine.
	const {terminal, sandbox} = await onSandbox(t, ['tail', 'deploy/api'], {rows: 200});
	await terminal.sees(/request served/);
	sandbox.faults.cut();
	await terminal.sees(/reconnected after .*resumed at the last line, no gap/);
	await terminal.sees(/[1-9]\d* reconnects?/);
	t.regex(terminal.text(), /0 possible gaps/);
	terminal.press('tail.previous-gap');
	// Either notice of one of the two pods can be the last one.
	await terminal.sees(/^▸─ \S+ \w{5}: (?:reconnected after |read ECONNRESET: )/m);
	await terminal.sees(/not following · /);
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

test('the leave keys detach from a shell that keeps running', async t => {
	const {terminal} = await onSandbox(t);
	await terminal.sees(/toolbox-/);
	terminal.type('/toolbox\r');
	terminal.press('shell');
	await terminal.sees(/# $/m);
	terminal.press('terminal.leave');
	await terminal.sees(/left the shell after .* it may still be running in the container/);
	// Explains the recorded path.
	terminal.press('why');
	await terminal.sees(/Why├ shell in toolbox-\S+\/shell.* ended connection/);
	t.is(terminal.buffer(), 'alternate');
	terminal.press('view.back');
	await terminal.sees(/toolbox-/);
});

test('a lost shell names its leg and reopens by a key while a tail keeps running', async t => {
	const {terminal, sandbox} = await onSandbox(t);
	await terminal.sees(/toolbox-/);
	terminal.type('/api\r');
	terminal.press('logs');
	await terminal.sees(/─ following\b/);
	terminal.press('tail.background', 'list/filter', 'clear');
	terminal.type('toolbox\r');
	await terminal.sees(/▸ toolbox/);
	terminal.press('shell');
	await terminal.sees(/1 tail keeps running\. Detach: Ctrl-\] d/);
	await terminal.sees(/# $/m);
	await delay(1500);
	sandbox.faults.cut();
	terminal.type('ls\r');
	await terminal.sees(/Exit status unknown; the shell may still be running in the container\./);
	await terminal.sees(/Meanwhile: .*lines in the tail/);
	await terminal.sees(/r: new shell {2}w: why this path {2}any other key: back to the pods/);
	// spoke ignores keys this long, because they were meant for the remote program.
	await delay(700);
	t.is(terminal.buffer(), 'normal');
	terminal.press('ended.new-shell');
	await terminal.sees(/back to the pods[\s\S]*Detach: Ctrl-\] d[\s\S]*# $/m);
});

test('why after a lost shell shows its path, also after the return to the pods', async t => {
	const {terminal, sandbox} = await onSandbox(t);
	await terminal.sees(/toolbox-/);
	terminal.type('/toolbox\r');
	terminal.press('shell');
	await terminal.sees(/# $/m);
	await delay(1500);
	sandbox.faults.cut();
	await terminal.sees(/any other key: back to the pods/);
	// spoke ignores keys this long, because they were meant for the remote program.
	await delay(700);
	terminal.type('x');
	await terminal.sees(/1 Pods \d/);
	terminal.press('why');
	await terminal.sees(/Why├ shell in toolbox-\S+ [─ ]*ended connection/);
});

test('attach reports the exit code of the container, not of its stream', async t => {
	const {terminal} = await onSandbox(t);
	await terminal.sees(/toolbox-/);
	terminal.type('/toolbox\r');
	terminal.press('debug');
	await terminal.sees(/spoke debug -n default toolbox-\S+ -it[\s\S]*-- sh/);
	terminal.press('clear');
	terminal.type('sandbox/shell:1.0');
	terminal.press('accept');
	await terminal.sees(/It cannot be removed from the pod/);
	terminal.press('confirm.yes');
	await terminal.sees(/attach in SANDBOX default\/toolbox-\S+ container debugger-/);
	terminal.type('\rexit 3\r');
	await terminal.sees(/the container terminated with exit code 3/);
});

test('a new forward suggests its port, works, reports its bytes, and stops without a dialog', async t => {
	const {terminal} = await onSandbox(t);
	await terminal.sees(/web-\w+-\w+ +2\/2 +Running/);
	terminal.type('/web\r');
	terminal.press('forward');
	await terminal.sees(/Forward from pod\/web/);
	await terminal.sees(/spoke port-forward -n default pod\/web-\S+ [\\\s│]*\d+:80/);
	await typeFreePort(terminal);
	terminal.press('accept');
	await terminal.sees(/http:\/\/localhost:(\d+) forwards to web-/);
	const port = /http:\/\/localhost:(\d+) forwards/.exec(terminal.text())![1]!;
	const answer = await fetch(`http://127.0.0.1:${port}/`);
	t.is(answer.status, 200);
	await answer.text();
	terminal.press('view.forwards');
	await terminal.sees(/#1: closed after [\d.]+ m?s, by the client: \d+ B sent/);
	terminal.press('stop');
	await terminal.sees(/stopped by you/);
	await t.throwsAsync(fetch(`http://127.0.0.1:${port}/`));
});

test('an edited forward keeps its row and log, and asks before it resets connections', async t => {
	const {terminal} = await onSandbox(t);
	await openServiceForm(terminal, 'web');
	await typeFreePort(terminal);
	terminal.press('accept');
	await terminal.sees(/http:\/\/localhost:\d+ forwards to web-/);
	const port = Number(/http:\/\/localhost:(\d+) forwards/.exec(terminal.text())![1]);
	terminal.press('view.forwards');
	await terminal.sees(/svc\/web:80 +on web-…-\w{5}/);
	const socket = connect(port, '127.0.0.1').on('error', () => {});
	t.teardown(() => socket.destroy());
	await once(socket, 'connect');
	await terminal.sees(/#1 +127\.0\.0\.1:\d+ +open +\d+s +0 B sent, 0 B received/);
	terminal.press('forwards/edit');
	await terminal.sees(/Change the forward of svc\/web/);
	terminal.press('move.down', 'clear');
	terminal.type('81');
	terminal.press('accept');
	await terminal.sees(/svc\/web has no port 81; available: 80, http/);
	terminal.press('move.up', 'move.up', 'value.next');
	await terminal.sees(/On pod loss +◂ stop/);
	await terminal.sees(/--on-pod-loss[\s\\│─]+exit/);
	terminal.press('value.previous', 'move.down', 'clear');
	terminal.type('svc/db');
	terminal.press('move.down', 'clear');
	terminal.type('7000');
	await terminal.sees(new RegExp(`port-forward -n default svc/db ${port}:7000`));
	terminal.press('accept');
	await terminal.sees(new RegExp(`Change :${port}\\? 1 open connection will be reset`));
	terminal.press('confirm.yes');
	await terminal.sees(/svc\/db:\S+ +on db-0/);
	await terminal.sees(new RegExp(`changed by you: svc/db ${port}:7000`));
	await terminal.sees(/#1: closed after .*stopped by you/);
	await terminal.sees(/┤5 Forwards 1├/);
	const echo = connect(port, '127.0.0.1').on('error', () => {});
	t.teardown(() => echo.destroy());
	echo.write('hello');
	const [answer] = (await once(echo, 'data')) as [Buffer];
	t.is(answer.toString(), 'hello');
});

test('a forward can be spread in its form, and the view shows the pod of each connection', async t => {
	const {terminal} = await onSandbox(t);
	await openServiceForm(terminal, 'web');
	await terminal.sees(/Pods +one at a time[\s\S]*On pod loss/);
	await typeFreePort(terminal);
	terminal.press('move.down', 'move.down', 'move.down', 'move.down', 'value.next');
	await terminal.sees(/Pods +◂ all Ready pods in turn/);
	await terminal.sees(/svc\/web [\\\s│]*\d+:80[\\\s│]+--spread/);
	t.false(terminal.text().includes('On pod loss'), terminal.text());
	terminal.press('accept');
	await terminal.sees(/http:\/\/localhost:\d+ forwards to the Ready pods of svc\/web/);
	const port = Number(/http:\/\/localhost:(\d+) forwards/.exec(terminal.text())![1]);
	terminal.press('view.forwards');
	await terminal.sees(/svc\/web:80 +on 2 pods: web-/);
	const socket = connect(port, '127.0.0.1').on('error', () => {});
	t.teardown(() => socket.destroy());
	await terminal.sees(/#1 +127\.0\.0\.1:\d+ +open +\d+s +0 B\/0 B +web-\w+-\w+/);
	await terminal.sees(/#1: 127\.0\.0\.1:\d+ to web-\w+-\w+/);
});

test('the forward form of a StatefulSet’s service offers a port for each pod', async t => {
	const {terminal} = await onSandbox(t);
	await openServiceForm(terminal, 'db');
	await typeFreePort(terminal);
	terminal.press('move.down', 'move.down', 'move.down', 'move.down', 'value.next', 'value.next');
	await terminal.sees(/Pods +◂ one local port per pod/);
	await terminal.sees(/--each/);
	terminal.press('accept');
	await terminal.sees(/http:\/\/localhost:\d+ forwards to db-0/);
	terminal.press('view.forwards');
	await terminal.sees(/db-0:7000 +on db-0/);
});

test('quitting with an open forward asks, and Enter answers No', async t => {
	const {terminal} = await onSandbox(t);
	await terminal.sees(/web-\w+-\w+ +2\/2 +Running/);
	terminal.type('/web\r');
	terminal.press('forward');
	await terminal.sees(/Forward from/);
	await typeFreePort(terminal);
	terminal.press('accept');
	await terminal.sees(/forwards to web-/);
	terminal.press('app.quit');
	await terminal.sees(/Close 1 forward and quit\?/);
	terminal.type('\r');
	await terminal.loses(/and quit\?/);
	terminal.press('app.quit', 'confirm.yes');
	t.is(await terminal.ended(), 0);
	t.is(terminal.buffer(), 'normal');
});

test('a proxy request shows status, body and leg; a writing method asks for confirmation', async t => {
	const {terminal} = await onSandbox(t);
	await terminal.sees(/web-\w+/);
	terminal.press('view.proxy', 'proxy/edit');
	await terminal.sees(/GET svc\//);
	terminal.type('web:80/\r');
	await terminal.sees(/200 .*GET svc\/web:80\//);
	await terminal.sees(/200 .*GET svc\/web:80\/ .*[━╍]plain/);
	await terminal.sees(/hello from web-/);
	terminal.press('proxy.method', 'proxy.method', 'proxy/edit');
	terminal.type('\r');
	await terminal.sees(/Send POST to svc\/web:80\/\?/);
});

test('a listener enforces its rules, shows who can use it, and asks before it stops', async t => {
	const {terminal} = await onSandbox(t, [], {columns: 100, rows: 30});
	await terminal.sees(/web-\w+/);
	terminal.press('view.proxy', 'proxy.listener');
	await terminal.sees(/spoke proxy --port \d+/);
	await terminal.sees(/Every user of this host can use it with your permissions/);
	terminal.press('erase', 'erase', 'erase', 'erase');
	terminal.type('0');
	await terminal.sees(/Port +0▏/);
	terminal.press('accept');
	await terminal.sees(/● proxy +local API proxy :\d+ +per request/);
	await terminal.sees(/API proxy on 127\.0\.0\.1:\d+ ·/);
	const address = /API proxy on (127\.0\.0\.1:\d+)/.exec(terminal.text())![1]!;
	t.is((await fetch(`http://${address}/version`)).status, 200);
	t.is((await fetch(`http://${address}/api/v1/namespaces/default/services/web:80/proxy/`)).status, 200);
	t.is((await fetch(`http://${address}/api/v1/namespaces/default/pods/x/exec`, {method: 'POST'})).status, 403);
	t.is((await fetch(`http://${address}/version`, {headers: {Origin: 'http://evil.test'}})).status, 403);
	await terminal.sees(/4 requests/);
	await terminal.sees(/● proxy .*last .*[━╍]plain/);
	await terminal.sees(/403 .*POST \/api\/v1\/namespaces\/default\/pods\/x\/exec/);
	terminal.press('view.pods');
	await terminal.sees(/web-\w+/);
	await terminal.sees(/every user of this host can use :\d+/);
	terminal.press('app.quit');
	await terminal.sees(/Close 1 local API proxy and quit\?/);
	terminal.press('confirm.no', 'pane.next', 'stop');
	await terminal.sees(/Stop the local API proxy on 127\.0\.0\.1:\d+\?/);
	terminal.type('\r');
	await terminal.loses(/Stop the local API proxy/);
	t.is((await fetch(`http://${address}/version`)).status, 200);
	terminal.press('stop', 'confirm.yes');
	await terminal.sees(/stopped the local API proxy/);
	await t.throwsAsync(fetch(`http://${address}/version`));
	await terminal.loses(/every user of this host/);
});

test('--read-only disables the palette commands too', async t => {
	const {terminal} = await onSandbox(t, ['--read-only']);
	await terminal.sees(/web-\w+-\w+ +2\/2/);
	for (const command of ['forward svc/web 8080:80', 'shell toolbox', 'listen 8001']) {
		terminal.press('palette.open');
		await terminal.sees(/Commands ─/);
		terminal.type(`${command}\r`);
		await terminal.sees(/: disabled, --read-only is set/);
		terminal.type('j');
		await terminal.loses(/: disabled, --read-only is set/);
	}
});

test('a proxy request completes services and ports, and its response opens in a text screen', async t => {
	const {terminal} = await onSandbox(t);
	await terminal.sees(/web-\w+/);
	terminal.press('view.proxy', 'proxy/edit');
	await terminal.sees(/\d+ names/);
	terminal.press('complete');
	await terminal.sees(/svc\/web:80\//);
	terminal.type('w');
	terminal.press('complete');
	await terminal.sees(/GET svc\/web:80\/▏/);
	terminal.press('accept');
	await terminal.sees(/200 .*GET svc\/web:80\//);
	await terminal.sees(/200 .*GET svc\/web:80\/ .*[━╍]plain/);
	terminal.press('open');
	await terminal.sees(/┤200├ GET svc\/web:80/);
	await terminal.sees(/── Body ─/);
	terminal.press('view.back');
	await terminal.sees(/┤\S* ?Proxy├/);
});

test('JSON of an opened response keeps its indentation', async t => {
	const {terminal} = await onSandbox(t);
	await terminal.sees(/web-\w+/);
	terminal.press('view.proxy', 'proxy/edit', 'clear');
	terminal.type('node/n1/configz\r');
	await terminal.sees(/200 .*GET node\/n1\/configz/);
	terminal.press('open');
	await terminal.sees(/── Body ─+\n \{\n {3}"kubeletconfig": \{\n {5}"/);
});

test('why shows verdicts, evidence and fixes', async t => {
	const {terminal} = await onSandbox(t, [], {columns: 100, rows: 50});
	await terminal.sees(/━ unverified ━► kubelet/);
	terminal.press('why');
	await terminal.sees(/Leg 2: TLS/);
	await terminal.sees(/unverified, proven/);
	await terminal.sees(/kubelet-certificate-authority=""/);
	await terminal.sees(/fix .*--kubelet-certificate-authority/s);
});

test('a sandbox switch changes the path, and the path of an open tail follows', async t => {
	const home = await newHome(t);
	const terminal = await openTerminal(t, ['demo'], {home, columns: 100, rows: 40});
	await terminal.sees(/╍ direct ━ unverified ━► kubelet/);
	// By name, without the crashing pod first.
	terminal.press('list.reverse', 'list.reverse');
	await terminal.sees(/▸ api-/);
	terminal.press('logs');
	await terminal.sees(/request served/);
	terminal.press('tail.background', 'view.sandbox');
	await terminal.sees(/kubelet certificate check/);
	// On a slow machine, the flags are not read in time on the tail's own connection, and the path is inferred from another one.
	await terminal.sees(/● logs .*[━╍]direct [━╍]unverified/);
	terminal.press('value.next', 'accept');
	await terminal.sees(/● logs .*[━╍]direct [━╍]verified/);
});

test('a missing permission disables an action and names the verb', async t => {
	const {terminal} = await onSandbox(t, [], {user: 'cleo'});
	await terminal.sees(/web-\w+-\w+ +2\/2/);
	await terminal.sees(/─► kubelet|━► kubelet|┈► kubelet/);
	terminal.press('help.open');
	await terminal.sees(/disabled: no permission to/);
	terminal.press('view.back');
	await terminal.sees(/Connections 0/);
	terminal.press('shell');
	await terminal.sees(/shell: disabled, no permission to create pods\/exec/);
});

test('a user without permission to list pods sees why, and can tail by name', async t => {
	const {terminal} = await onSandbox(t, [], {user: 'eve'});
	await terminal.sees(/You are not allowed to list pods in default \(403\)/);
	terminal.press('why');
	await terminal.sees(/Refused by the apiserver/);
	await terminal.sees(/eve/);
});

test('--read-only disables shells, forwards and writing requests', async t => {
	const {terminal} = await onSandbox(t, ['--read-only']);
	await terminal.sees(/web-\w+-\w+ +2\/2/);
	for (const [action, words] of [
		['shell', /shell: disabled, --read-only/],
		['forward', /forward a port: disabled, --read-only/],
		['attach', /attach: disabled, --read-only/],
	] as const) {
		terminal.press(action);
		await terminal.sees(words);
	}
});

test('every size from narrow to wide keeps the last row and never overflows', async t => {
	const {terminal} = await onSandbox(t);
	await terminal.sees(/web-\w+/);
	for (const [columns, rows] of [
		[40, 16],
		[60, 24],
		[110, 30],
		[200, 50],
		[300, 100],
		[80, 24],
	] as const) {
		terminal.resize(columns, rows);
		await terminal.sees(/Running[\s\S]*\? help *$/);
		t.regex(terminal.screen()[rows - 1]!, /\? help/, `${columns}×${rows}`);
	}
});

test('pasted text goes into a prompt and runs nothing', async t => {
	const {terminal} = await onSandbox(t);
	await terminal.sees(/web-\w+/);
	terminal.press('list/filter');
	terminal.type('\u001B[200~we\rb\u001B[201~');
	await terminal.sees(/\/web▏/);
	terminal.press('cancel');
	terminal.type('\u001B[200~jjjl\u001B[201~');
	await terminal.sees(/pasting is not available here/);
});

test('a late terminal report becomes no key', async t => {
	const {terminal} = await onSandbox(t);
	await terminal.sees(/web-\w+/);
	terminal.type('\u001B]11;rgb:ffff/ffff/ffff\u001B\\\u001B[?62;22c');
	terminal.press('list/filter');
	await terminal.sees(/^ \/▏/m);
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

test('a saved tail is sanitized, private to the user, and overwrites nothing', async t => {
	const {terminal, home} = await onSandbox(t, ['tail', 'deploy/api']);
	await terminal.sees(/request served/);
	terminal.press('save');
	await terminal.sees(/save to ~\//);
	terminal.press('clear');
	terminal.type('~/kept.log\r');
	await terminal.sees(/saved ~\/kept.log, [\d,]+ lines/);
	const path = join(home, 'kept.log');
	t.is((await stat(path)).mode & 0o777, 0o600);
	t.notRegex(await readFile(path, 'utf8'), /\u001B/);
	terminal.press('save', 'clear');
	terminal.type('~/kept.log\r');
	await terminal.sees(/save to ~\/kept\.log.*the file already exists/);
	terminal.type('2\r');
	await terminal.sees(/saved ~\/kept\.log2, [\d,]+ lines/);
});

test('$PAGER gets the lines and the terminal, and returns the terminal', async t => {
	const folder = await newHome(t);
	const pager = join(folder, 'pager');
	await writeFile(
		pager,
		`#!/bin/sh\nfor file; do :; done\ngrep -c msg "$file" > ${folder}/counted\necho the pager has it\nread answer\necho "$answer" > ${folder}/answered\n`,
		{mode: 0o755},
	);
	const {terminal} = await onSandbox(t, ['tail', 'deploy/api'], {env: {PAGER: pager}});
	await terminal.sees(/request served/);
	terminal.press('pager');
	await terminal.sees(/the pager has it/);
	t.is(terminal.buffer(), 'normal');
	terminal.type('jjj\r');
	await terminal.sees(/Tail deploy\/api/);
	t.true(Number(await readFile(join(folder, 'counted'), 'utf8')) > 0);
	t.is(await readFile(join(folder, 'answered'), 'utf8'), 'jjj\n');
	terminal.press('tail.pause');
	await terminal.sees(/paused · /);
});

test('a killed pager is not reported as failed to start', async t => {
	const folder = await newHome(t);
	const pager = join(folder, 'pager');
	await writeFile(pager, `#!/bin/sh\ntouch ${folder}/started\nkill -9 $$\n`, {mode: 0o755});
	const {terminal} = await onSandbox(t, ['tail', 'deploy/api'], {env: {PAGER: pager}});
	await terminal.sees(/request served/);
	terminal.press('pager');
	await until(() => existsSync(join(folder, 'started')), terminal.text);

	await terminal.sees(/Tail deploy\/api/);
	terminal.press('tail.pause');
	await terminal.sees(/paused · /);
	t.notRegex(terminal.raw(), /could not start/);
});

test('$EDITOR opens at the selected line, and the screen is complete afterwards', async t => {
	const folder = await newHome(t);
	const editor = join(folder, 'nano');
	await writeFile(
		editor,
		`#!/bin/sh\necho "$1" > ${folder}/line\nprintf '\\033[?1049h\\033[2J\\033[31;5r\\033[?25hthe editor has it'\nread answer\nprintf '\\033[2J\\033[r\\033[?1049l'\n`,
		{mode: 0o755},
	);
	const {terminal} = await onSandbox(t, ['tail', 'deploy/api'], {env: {EDITOR: editor, VISUAL: ''}});
	await terminal.sees(/ error upstream/);
	terminal.press('tail.previous-error');
	await terminal.sees(/not following · /);
	// Names appear with the second pod.
	await terminal.sees(/^▸\S+ \w{5} error/m);
	const before = terminal.screen();
	terminal.press('editor');
	await terminal.sees(/the editor has it/);
	terminal.type('\r');
	await terminal.sees(/Tail deploy\/api/);
	// A late line of the other pod may appear above it.
	const underCursor = (rows: readonly string[]) => rows.find(row => row.startsWith('▸'));
	t.truthy(underCursor(before));
	t.is(underCursor(terminal.screen()), underCursor(before));
	t.is(terminal.buffer(), 'alternate');
	t.regex(await readFile(join(folder, 'line'), 'utf8'), /^\+\d+\n$/);
	t.regex(terminal.screen().at(-1)!, /\/ search/);
	terminal.press('move.end');
	await terminal.sees(/─ following · /);
});

test('an invalid keymap entry is reported with its position, and the rest works', async t => {
	const home = await newHome(t);
	const keymap = join(home, 'keys.yaml');
	await writeFile(keymap, 'contexts:\n  pods:\n    shell: nonsense\n    logs: "L"\n');
	const {terminal} = await onSandbox(t, ['--keymap', keymap]);
	await terminal.sees(/keys\.yaml:3:12: unknown key nonsense/);
	await terminal.sees(/web-\w+/);
	terminal.type('L');
	await terminal.sees(/Tail pod\//);
});

test('NO_COLOR removes all color, and a terminal without UTF-8 gets ASCII', async t => {
	const {terminal} = await onSandbox(t, [], {env: {NO_COLOR: '1', LANG: 'C', LC_ALL: 'C'}});
	await terminal.sees(/~ direct = unverified => kubelet/);
	t.notRegex(terminal.raw(), /\u001B\[[\d;]*(?:3[0-7]|38;|9[0-7])[\d;]*m/);
	t.notRegex(terminal.text(), /[━►▸●─]/);
	terminal.type('/api\rl');
	await terminal.sees(/Tail pod\/api-/);
	await terminal.sees(/- following \| .*lines\/s -$/m);
	await terminal.sees(/info +request served.*\$ \|$/m);
	t.notRegex(terminal.text(), /[…·]/);
});

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

test('lists accept kubectl flags, and a missing namespace is reported', async t => {
	const {terminal} = await onSandbox(t);
	await terminal.sees(/web-\w+-\w+ +2\/2 +Running/);
	terminal.type(':po -A\r');
	await terminal.sees(/NAMESPACE +NAME/);
	terminal.type(':pods default -l app=api\r');
	await terminal.sees(/filter: -l app=api/);
	await terminal.sees(/api-\w+-\w+ +1\/1 +Running/);
	await terminal.loses(/NAMESPACE +NAME|web-\w+-\w+ +2\/2/);
	terminal.type(':pods No_Such\r');
	await terminal.sees(/invalid namespace "No_Such"/);
	terminal.type(':ns nosuchns\r');
	await terminal.sees(/namespace not found: nosuchns/);
	await terminal.sees(/No pods in nosuchns match -l app=api/);
});
