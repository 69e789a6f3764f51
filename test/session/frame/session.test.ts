/** Sessions on the sandbox. */
import {once} from 'node:events';
import {connect} from 'node:net';
import {readFile, stat, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {setTimeout as delay} from 'node:timers/promises';
import test from 'ava';
import {newHome} from '../../support/new-home.ts';
import {openSession, sessionOnOwnSandbox, sessionOnSandbox} from '../../support/open-session.ts';
import type {TestScreen} from '../../support/test-screen.ts';
import {unusedPort} from '../../support/unused-port.ts';

/** Parallel tests get the same suggestion. */
async function typeFreePort(session: TestScreen): Promise<void> {
	const port = await unusedPort();
	session.press('move.down', 'clear');
	session.type(String(port));
	await session.sees(new RegExp(`Local port +${port}▏`));
}

/** Opens the form that forwards to a service. */
async function openServiceForm(session: TestScreen, name: string): Promise<void> {
	await session.sees(/web-\w+-\w+ +2\/2 +Running/);
	session.press('view.services');
	await session.sees(/web +ClusterIP/);
	session.type(`/${name}\r`);
	session.press('forward');
	await session.sees(new RegExp(`Forward from svc/${name}`));
}

test('a tail follows, keeps all lines while searched, and shows JSON as fields', async t => {
	const {session} = await sessionOnSandbox(t, ['tail', 'deploy/api']);
	await session.sees(/Tail deploy\/api├ 2 pods/);
	await session.sees(/ error upstream/);
	session.press('search');
	session.type('upstream');
	await session.sees(/[1-9]\d* matches/);
	session.press('accept');
	await session.sees(/\/upstream: match [\d,]+ of [\d,]+/);
	await session.sees(/not following · /);
	await session.sees(/error upstream timed out +path=/);
	session.press('tail/filter');
	session.type('!healthz');
	session.press('accept');
	await session.sees(/match !healthz/);
	await session.loses(/path=\/healthz/);
	session.press('move.end');
	await session.sees(/─ following · /);
	session.press('view.back', 'view.back');
	await session.sees(/path=\/healthz/);
	session.press('view.back');
	await session.sees(/api-\w+-\w+ +1\/1 +Running/);
});

test('an empty tail names the filters that hide its lines', async t => {
	const {session} = await sessionOnSandbox(t, ['tail', 'sts/db']);
	await session.sees(/[1-9]\d* lines?/);
	session.press('tail.level', 'tail.level', 'tail/filter');
	session.type('!nothing');
	session.press('accept');
	await session.sees(/^ None of [\d,]+ lines match !nothing at error or above\.[\s\S]+0 match !nothing at error or above/m);
	session.press('tail.pause');
	await session.sees(/^ None of the lines before the pause match !nothing at error or above\./m);
});

test('keys typed in one burst apply to each view in turn', async t => {
	const {session} = await sessionOnSandbox(t);
	await session.sees(/web-\w+-\w+/);
	session.type('/web\rjjkl');
	await session.sees(/Tail pod\/web-/);
});

test('a reset of all connections appears as a reconnect and the tail resumes', async t => {
	// Enough rows for a notice of a fast tail to be seen on a slow machine, and columns for all counts.
	const {session, sandbox} = await sessionOnOwnSandbox(t, ['tail', 'deploy/api'], {rows: 200, columns: 120});
	await session.sees(/request served/);
	sandbox.faults.cut();
	await session.sees(/reconnected after .*resumed at the last line, no gap/);
	await session.sees(/[1-9]\d* reconnects?/);
	t.notRegex(session.text(), /possible gap/);
	session.press('tail.previous-gap');
	// Either notice of one of the two pods can be the last one.
	await session.sees(/^▸─ \S+ \w{5}: (?:reconnected after |read ECONNRESET: )/m);
	await session.sees(/not following · /);
});

test('the leave keys detach from a shell that keeps running', async t => {
	const {session} = await sessionOnSandbox(t);
	await session.sees(/toolbox-/);
	session.type('/toolbox\r');
	session.press('shell');
	await session.sees(/# $/m);
	session.press('terminal.leave');
	await session.sees(/left the shell after .* it may still be running in the container/);
	// Explains the recorded path.
	session.press('why');
	await session.sees(/Why├ shell in toolbox-\S+\/shell.* ended connection/);
	t.is(session.buffer(), 'alternate');
	session.press('view.back');
	await session.sees(/toolbox-/);
});

test('a lost shell names its leg and reopens by a key while a tail keeps running', async t => {
	const {session, sandbox} = await sessionOnOwnSandbox(t);
	await session.sees(/toolbox-/);
	session.type('/api\r');
	session.press('logs');
	await session.sees(/─ following\b/);
	session.press('tail.background', 'list/filter', 'clear');
	session.type('toolbox\r');
	await session.sees(/▸ toolbox/);
	session.press('shell');
	await session.sees(/1 tail keeps running\. Detach: Ctrl-\] d/);
	await session.sees(/# $/m);
	await delay(1500);
	sandbox.faults.cut();
	session.type('ls\r');
	await session.sees(/Exit status unknown; the shell may still be running in the container\./);
	await session.sees(/Meanwhile: .*lines in the tail/);
	await session.sees(/r: new shell {2}w: why this path {2}any other key: back to the pods/);
	// spoke ignores keys this long, because they were meant for the remote program.
	await delay(700);
	t.is(session.buffer(), 'normal');
	session.press('ended.new-shell');
	await session.sees(/back to the pods[\s\S]*Detach: Ctrl-\] d[\s\S]*# $/m);
});

test('why after a lost shell shows its path, also after the return to the pods', async t => {
	const {session, sandbox} = await sessionOnOwnSandbox(t);
	await session.sees(/toolbox-/);
	session.type('/toolbox\r');
	session.press('shell');
	await session.sees(/# $/m);
	await delay(1500);
	sandbox.faults.cut();
	await session.sees(/any other key: back to the pods/);
	// spoke ignores keys this long, because they were meant for the remote program.
	await delay(700);
	session.type('x');
	await session.sees(/1 Pods \d/);
	session.press('why');
	await session.sees(/Why├ shell in toolbox-\S+ [─ ]*ended connection/);
});

test('attach reports the exit code of the container, not of its stream', async t => {
	const {session} = await sessionOnOwnSandbox(t);
	await session.sees(/toolbox-/);
	session.type('/toolbox\r');
	session.press('debug');
	await session.sees(/spoke debug -n default toolbox-\S+ -it[\s\S]*-- sh/);
	session.press('clear');
	session.type('sandbox/shell:1.0');
	session.press('accept');
	await session.sees(/It cannot be removed from the pod/);
	session.press('confirm.yes');
	await session.sees(/attach in SANDBOX default\/toolbox-\S+ container debugger-/);
	session.type('\rexit 3\r');
	await session.sees(/the container terminated with exit code 3/);
});

test('a new forward suggests its port, works, reports its bytes, and stops without a dialog', async t => {
	const {session} = await sessionOnSandbox(t);
	await session.sees(/web-\w+-\w+ +2\/2 +Running/);
	session.type('/web\r');
	session.press('forward');
	await session.sees(/Forward from pod\/web/);
	await session.sees(/spoke port-forward -n default pod\/web-\S+ [\\\s│]*\d+:80/);
	await typeFreePort(session);
	session.press('accept');
	await session.sees(/http:\/\/localhost:(\d+) forwards to web-/);
	const port = /http:\/\/localhost:(\d+) forwards/.exec(session.text())![1]!;
	const answer = await fetch(`http://127.0.0.1:${port}/`);
	t.is(answer.status, 200);
	await answer.text();
	session.press('view.forwards');
	await session.sees(/#1: closed after [\d.]+ m?s, by the client: \d+ B sent/);
	session.press('stop');
	await session.sees(/stopped by you/);
	await t.throwsAsync(fetch(`http://127.0.0.1:${port}/`));
});

test('an edited forward keeps its row and log, and asks before it resets connections', async t => {
	const {session} = await sessionOnSandbox(t);
	await openServiceForm(session, 'web');
	await typeFreePort(session);
	session.press('accept');
	await session.sees(/http:\/\/localhost:\d+ forwards to web-/);
	const port = Number(/http:\/\/localhost:(\d+) forwards/.exec(session.text())![1]);
	session.press('view.forwards');
	await session.sees(/svc\/web:80 +on web-…-\w{5}/);
	const socket = connect(port, '127.0.0.1').on('error', () => {});
	t.teardown(() => socket.destroy());
	await once(socket, 'connect');
	await session.sees(/#1 +127\.0\.0\.1:\d+ +open +\d+s +0 B sent, 0 B received/);
	session.press('forwards/edit');
	await session.sees(/Change the forward of svc\/web/);
	session.press('move.down', 'clear');
	session.type('81');
	session.press('accept');
	await session.sees(/svc\/web has no port 81; available: 80, http/);
	session.press('move.up', 'move.up', 'value.next');
	await session.sees(/On pod loss +◂ stop/);
	await session.sees(/--on-pod-loss \\[^\n]*\n[^\n]* exit /);
	session.press('value.previous', 'move.down', 'clear');
	session.type('svc/db');
	session.press('move.down', 'clear');
	session.type('7000');
	await session.sees(new RegExp(`port-forward -n default svc/db ${port}:7000`));
	session.press('accept');
	await session.sees(new RegExp(`Change :${port}\\? 1 open connection will be reset`));
	session.press('confirm.yes');
	await session.sees(/svc\/db:\S+ +on db-0/);
	await session.sees(new RegExp(`changed by you: svc/db ${port}:7000`));
	await session.sees(/#1: closed after .*stopped by you/);
	await session.sees(/┤5 Forwards 1├/);
	const echo = connect(port, '127.0.0.1').on('error', () => {});
	t.teardown(() => echo.destroy());
	echo.write('hello');
	const [answer] = (await once(echo, 'data')) as [Buffer];
	t.is(answer.toString(), 'hello');
});

test('quitting with an open forward asks, and Enter answers No', async t => {
	const {session} = await sessionOnSandbox(t);
	await session.sees(/web-\w+-\w+ +2\/2 +Running/);
	session.type('/web\r');
	session.press('forward');
	await session.sees(/Forward from/);
	await typeFreePort(session);
	session.press('accept');
	await session.sees(/forwards to web-/);
	session.press('app.quit');
	await session.sees(/Close 1 forward and quit\?/);
	session.type('\r');
	await session.loses(/and quit\?/);
	session.press('app.quit', 'confirm.yes');
	t.is(await session.ended(), 0);
	t.is(session.buffer(), 'normal');
});

test('a proxy request shows status, body and leg; a writing method asks for confirmation', async t => {
	const {session} = await sessionOnSandbox(t);
	await session.sees(/web-\w+/);
	session.press('view.proxy', 'proxy/edit');
	await session.sees(/\d+ names/);
	session.type('svc/web:80/\r');
	await session.sees(/200 .*GET svc\/web:80\//);
	await session.sees(/200 .*GET svc\/web:80\/ .*[━╍]plain/);
	await session.sees(/hello from web-/);
	session.press('proxy.method', 'proxy.method', 'proxy/edit');
	session.type('\r');
	await session.sees(/Send POST to svc\/web:80\/\?/);
});

test('a listener enforces its rules, shows who can use it, and asks before it stops', async t => {
	const {session} = await sessionOnSandbox(t, [], {columns: 100, rows: 30});
	await session.sees(/web-\w+/);
	session.press('view.proxy', 'proxy.listener');
	await session.sees(/spoke proxy --port \d+/);
	await session.sees(/Every user of this host can use it with your permissions/);
	session.press('erase', 'erase', 'erase', 'erase');
	session.type('0');
	await session.sees(/Port +0▏/);
	session.press('accept');
	await session.sees(/● proxy +local API proxy :\d+ +per request/);
	await session.sees(/API proxy on 127\.0\.0\.1:\d+ ·/);
	const address = /API proxy on (127\.0\.0\.1:\d+)/.exec(session.text())![1]!;
	t.is((await fetch(`http://${address}/version`)).status, 200);
	t.is((await fetch(`http://${address}/api/v1/namespaces/default/services/web:80/proxy/`)).status, 200);
	t.is((await fetch(`http://${address}/api/v1/namespaces/default/pods/x/exec`, {method: 'POST'})).status, 403);
	t.is((await fetch(`http://${address}/version`, {headers: {Origin: 'http://evil.test'}})).status, 403);
	await session.sees(/4 requests/);
	await session.sees(/● proxy .*last .*[━╍]plain/);
	await session.sees(/403 .*POST \/api\/v1\/namespaces\/default\/pods\/x\/exec/);
	session.press('view.pods');
	await session.sees(/web-\w+/);
	await session.sees(/every user of this host can use :\d+/);
	session.press('app.quit');
	await session.sees(/Close 1 local API proxy and quit\?/);
	session.press('confirm.no', 'pane.next', 'stop');
	await session.sees(/Stop the local API proxy on 127\.0\.0\.1:\d+\?/);
	session.type('\r');
	await session.loses(/Stop the local API proxy/);
	t.is((await fetch(`http://${address}/version`)).status, 200);
	session.press('stop', 'confirm.yes');
	await session.sees(/stopped the local API proxy/);
	await t.throwsAsync(fetch(`http://${address}/version`));
	await session.loses(/every user of this host/);
});

test('--read-only disables the palette commands too', async t => {
	const {session} = await sessionOnSandbox(t, ['--read-only']);
	await session.sees(/web-\w+-\w+ +2\/2/);
	for (const command of ['forward svc/web 8080:80', 'shell toolbox', 'listen 8001']) {
		session.press('palette.open');
		await session.sees(/Commands ─/);
		session.type(`${command}\r`);
		await session.sees(/: disabled, --read-only is set/);
		session.type('j');
		await session.loses(/: disabled, --read-only is set/);
	}
});

test('a proxy request completes services and ports, and its response opens in a text screen', async t => {
	const {session} = await sessionOnSandbox(t);
	await session.sees(/web-\w+/);
	session.press('view.proxy', 'proxy/edit');
	await session.sees(/\d+ names/);
	session.type('svc/');
	session.press('complete');
	await session.sees(/svc\/web:80\//);
	session.type('w');
	session.press('complete');
	await session.sees(/GET svc\/web:80\/▏/);
	session.press('accept');
	await session.sees(/200 .*GET svc\/web:80\//);
	await session.sees(/200 .*GET svc\/web:80\/ .*[━╍]plain/);
	session.press('open');
	await session.sees(/┤200├ GET svc\/web:80/);
	await session.sees(/── Body ─/);
	session.press('view.back');
	await session.sees(/┤\S* ?Proxy├/);
});

test('JSON of an opened response keeps its indentation', async t => {
	const {session} = await sessionOnSandbox(t);
	await session.sees(/web-\w+/);
	session.press('view.proxy', 'proxy/edit', 'clear');
	session.type('node/n1/configz\r');
	await session.sees(/200 .*GET node\/n1\/configz/);
	session.press('open');
	await session.sees(/── Body ─+\n \{\n {3}"kubeletconfig": \{\n {5}"/);
});

test('why shows verdicts, evidence and fixes', async t => {
	const {session} = await sessionOnSandbox(t, [], {columns: 100, rows: 50});
	await session.sees(/━ unverified ━► kubelet/);
	session.press('why');
	await session.sees(/Leg 2: TLS/);
	await session.sees(/unverified, proven/);
	await session.sees(/kubelet-certificate-authority=""/);
	await session.sees(/fix .*--kubelet-certificate-authority/s);
});

test('a sandbox switch changes the path, and the path of an open tail follows', async t => {
	const home = await newHome(t);
	const session = await openSession(t, ['demo'], {home, columns: 100, rows: 40});
	await session.sees(/╍ direct ━ unverified ━► kubelet/);
	// By name, without the crashing pod first.
	session.press('list.reverse', 'list.reverse');
	await session.sees(/▸ api-/);
	session.press('logs');
	await session.sees(/request served/);
	session.press('tail.background', 'view.sandbox');
	await session.sees(/kubelet certificate check/);
	// On a slow machine, the flags are not read in time on the tail's own connection, and the path is inferred from another one.
	await session.sees(/● logs .*[━╍]direct [━╍]unverified/);
	session.press('value.next', 'accept');
	await session.sees(/● logs .*[━╍]direct [━╍]verified/);
	session.press('sandbox.reset');
	await session.sees(/● logs .*[━╍]direct [━╍]unverified/);
});

test('a missing permission disables an action and names the verb', async t => {
	const {session} = await sessionOnSandbox(t, [], {user: 'cleo'});
	await session.sees(/web-\w+-\w+ +2\/2/);
	await session.sees(/─► kubelet|━► kubelet|┈► kubelet/);
	session.press('help.open');
	await session.sees(/disabled: no permission to/);
	session.press('view.back');
	await session.sees(/\n you ━/);
	session.press('shell');
	await session.sees(/shell: disabled, no permission to create pods\/exec/);
});

test('a user without permission to list pods sees why, and can tail by name', async t => {
	const {session} = await sessionOnSandbox(t, [], {user: 'eve'});
	await session.sees(/You are not allowed to list pods in default \(403\)/);
	session.press('why');
	await session.sees(/Refused by the apiserver/);
	await session.sees(/eve/);
});

test('--read-only disables shells, forwards and writing requests', async t => {
	const {session} = await sessionOnSandbox(t, ['--read-only']);
	await session.sees(/web-\w+-\w+ +2\/2/);
	for (const [action, words] of [
		['shell', /shell: disabled, --read-only/],
		['forward', /forward a port: disabled, --read-only/],
		['attach', /attach: disabled, --read-only/],
	] as const) {
		session.press(action);
		await session.sees(words);
	}
});

test('pasted text goes into a prompt and runs nothing', async t => {
	const {session} = await sessionOnSandbox(t);
	await session.sees(/web-\w+/);
	session.press('list/filter');
	session.type('\u001B[200~we\rb\u001B[201~');
	await session.sees(/\/web▏/);
	session.press('cancel');
	session.type('\u001B[200~jjjl\u001B[201~');
	await session.sees(/pasting is not available here/);
});

test('a late terminal report becomes no key', async t => {
	const {session} = await sessionOnSandbox(t);
	await session.sees(/web-\w+/);
	session.type('\u001B]11;rgb:ffff/ffff/ffff\u001B\\\u001B[?62;22c');
	session.press('list/filter');
	await session.sees(/^ \/▏/m);
});

test('a saved tail is sanitized, private to the user, and overwrites nothing', async t => {
	const {session, home} = await sessionOnSandbox(t, ['tail', 'deploy/api']);
	await session.sees(/request served/);
	session.press('save');
	await session.sees(/save to ~\//);
	session.press('clear');
	session.type('~/kept.log\r');
	await session.sees(/saved ~\/kept.log, [\d,]+ lines/);
	const path = join(home, 'kept.log');
	t.is((await stat(path)).mode & 0o777, 0o600);
	t.notRegex(await readFile(path, 'utf8'), /\u001B/);
	session.press('save', 'clear');
	session.type('~/kept.log\r');
	await session.sees(/save to ~\/kept\.log.*the file already exists/);
	session.type('~/kept.log2\r');
	await session.sees(/saved ~\/kept\.log2, [\d,]+ lines/);
});

test('an invalid keymap entry is reported with its position, and the rest works', async t => {
	const home = await newHome(t);
	const keymap = join(home, 'keys.yaml');
	await writeFile(keymap, 'contexts:\n  pods:\n    shell: nonsense\n    logs: "L"\n');
	const {session} = await sessionOnSandbox(t, ['--keymap', keymap]);
	await session.sees(/keys\.yaml:3:12: unknown key nonsense/);
	await session.sees(/web-\w+/);
	session.type('L');
	await session.sees(/Tail pod\//);
});

test('NO_COLOR removes all color, and a terminal without UTF-8 gets ASCII', async t => {
	const {session} = await sessionOnSandbox(t, [], {env: {NO_COLOR: '1', LANG: 'C', LC_ALL: 'C'}});
	await session.sees(/~ direct = unverified => kubelet/);
	t.notRegex(session.raw(), /\u001B\[[\d;]*(?:3[0-7]|38;|9[0-7])[\d;]*m/);
	t.notRegex(session.text(), /[━►▸●─]/);
	session.type('/api\rl');
	await session.sees(/Tail pod\/api-/);
	await session.sees(/- following \| .*lines\/s -$/m);
	await session.sees(/info +request served.*\$ \|$/m);
	t.notRegex(session.text(), /[…·]/);
});

test('lists accept kubectl flags, and a missing namespace is reported', async t => {
	const {session} = await sessionOnSandbox(t);
	await session.sees(/web-\w+-\w+ +2\/2 +Running/);
	session.type(':po -A\r');
	await session.sees(/NAMESPACE +NAME/);
	session.type(':pods default -l app=api\r');
	await session.sees(/filter: -l app=api/);
	await session.sees(/api-\w+-\w+ +1\/1 +Running/);
	await session.loses(/NAMESPACE +NAME|web-\w+-\w+ +2\/2/);
	session.type(':pods No_Such\r');
	await session.sees(/invalid namespace "No_Such"/);
	session.type(':ns nosuchns\r');
	await session.sees(/namespace not found: nosuchns/);
	await session.sees(/No pods in nosuchns match -l app=api/);
});
