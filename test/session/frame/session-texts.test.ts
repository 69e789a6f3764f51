/** Texts of the screens. */
import {readFile} from 'node:fs/promises';
import {join} from 'node:path';
import test from 'ava';
import {newHome, onSandbox} from '../../support/sandbox-session.ts';
import {openTerminal} from '../../support/terminal.ts';

test('without UTF-8 no screen has a glyph that the terminal cannot show', async t => {
	const {terminal} = await onSandbox(t, [], {env: {LANG: 'C', LC_ALL: 'C'}});
	await terminal.sees(/[=~] direct [=~] unverified [=~]> kubelet/);
	// By name, without the crashing pod first.
	terminal.press('list.reverse', 'list.reverse');
	await terminal.sees(/> api-/);
	const screens: ReadonlyArray<readonly [keys: string, shows: RegExp]> = [
		['w', /you > apiserver/],
		['q7', /BASIS +PROVEN[\s\S]*fail/],
		['\r', /Audit\] \w\d/],
		['q1d', /\+ leg 3/],
		['q?', /HERE/],
		['q:', /Commands/],
		['\u001B[Z\u001B', /Running/],
		['f', /Forward from/],
		['\u001Bl', /following/],
		['?', /HERE/],
		['qqM', /Messages/],
	];
	for (const [keys, shows] of screens) {
		terminal.type(keys);
		await terminal.sees(shows);
		t.notRegex(terminal.text(), /[^\u0000-\u007F]/, `after ${JSON.stringify(keys)}`);
	}
});

test('a copy in tmux names the setting that it needs', async t => {
	const {terminal} = await onSandbox(t, [], {env: {TMUX: '/tmp/tmux-0/default,1,0'}});
	await terminal.sees(/Running/);
	terminal.press('list/copy');
	await terminal.sees(/copied \S+ \(tmux relays it if set-clipboard is on\)/);
});

test('a remedy names the key of this view, not a flag of another command', async t => {
	const {terminal} = await onSandbox(t, [], {user: 'bob', columns: 120, rows: 50});
	await terminal.sees(/needs get nonResourceURL \/flagz, or list pods in kube-system, or the test \(w, then t\)/);
	terminal.press('why');
	await terminal.sees(
		/needs +get nonResourceURL \/flagz \(kubectl auth can-i get \/flagz\)\n +or +list pods in kube-system .*\n +or +the test \(t\)/,
	);
	await terminal.sees(/TLS unknown$/m);
	await terminal.sees(/no stream is open yet; a forward measures two, a shell one/);
	t.notRegex(terminal.text(), /--probe|unknown, unknown/);
});

test('an audit row opens to all its evidence, by the open key and by the why key', async t => {
	const {terminal, home} = await onSandbox(t);
	await terminal.sees(/Running/);
	terminal.press('view.audit');
	await terminal.sees(/▸ \S.*✗ direct, unverified.* C\d+/);
	t.notRegex(terminal.text(), /unknown: /);
	terminal.press('open');
	await terminal.sees(/Audit├ C\d+ [\s\S]*fix +set serverTLSBootstrap: true[\s\S]*docs/);
	terminal.press('view.back', 'why');
	await terminal.sees(/Audit├ C\d+ /);
	terminal.press('view.back', 'save');
	await terminal.sees(/save to .*\.json▏/);
	terminal.press('clear');
	terminal.type(`${home}/a.xml\r`);
	await terminal.sees(/saved /);
	t.regex(await readFile(join(home, 'a.xml'), 'utf8'), /<testsuite /);
});

test('a proxy request starts at a port of the selected row and keeps the leg text visible', async t => {
	const {terminal} = await onSandbox(t);
	await terminal.sees(/web-\w+-\w+ +2\/2 +Running/);
	terminal.press('view.services');
	await terminal.sees(/web +ClusterIP/);
	terminal.type('/web\r');
	terminal.press('proxy');
	await terminal.sees(/GET svc\/web:80\/▏/);
	terminal.type(`${'a/'.repeat(40)}\r`);
	await terminal.sees(/▸ .*GET svc\/web:80\/a/);
	await terminal.sees(/▸ .*GET svc\/web:80\/a.*… {2}[━╍┈](?:direct|route\?) [━╍]plain/);
	terminal.press('view.pods');
	terminal.type('/web\r');
	await terminal.sees(/▸ web/);
	terminal.press('proxy');
	await terminal.sees(/GET pod\/web-\S+:8080\/▏/);
});

test('a proxy request to a row of another namespace stays in its namespace', async t => {
	const {terminal} = await onSandbox(t, ['-A'], {columns: 200});
	await terminal.sees(/shop +checkout-/);
	terminal.type('/checkout\r');
	await terminal.sees(/▸ shop +checkout-/);
	terminal.press('proxy');
	await terminal.sees(/GET pod\/checkout-\S+:▏/);
	terminal.type('80/\r');
	await terminal.sees(/▸ .*GET pod\/checkout-\S+:80\/ in shop[^]*dial tcp/);
});

test('a started key sequence shows the possible next keys of the active keymap', async t => {
	const {terminal} = await onSandbox(t, ['--keymap', 'vim'], {columns: 200, rows: 50});
	await terminal.sees(/Running/);
	terminal.type('g');
	await terminal.sees(/^ g … {2}.*g first.*\? help/m);
	terminal.type('?');
	await terminal.sees(/Help├ pods/);
	await terminal.sees(/unverified +not checked/);
});

test('the palette completes namespaces, targets and ports of a command', async t => {
	const {terminal} = await onSandbox(t);
	await terminal.sees(/Running/);
	terminal.type(':ns sh');
	await terminal.sees(/▸ shop/);
	terminal.press('accept');
	await terminal.sees(/› shop[\s\S]*▸ checkout/);
	terminal.type(':ns default\r');
	await terminal.sees(/› default[\s\S]*toolbox/);
	terminal.type(':forward svc/w');
	await terminal.sees(/▸ svc\/web 8080:80/);
	terminal.press('complete');
	await terminal.sees(/:forward svc\/web 8080:80▏/);
	terminal.press('cancel');
	terminal.type(':tail tool');
	await terminal.sees(/▸ pod\/toolbox-/);
	terminal.press('accept');
	await terminal.sees(/Tail pod\/toolbox-/);
	terminal.press('view.back', 'palette.open');
	await terminal.sees(/Commands ─/);
	terminal.type('nonsense\r');
	await terminal.sees(/unknown command: nonsense/);
	terminal.press('palette.open');
	terminal.type('constructor\r');
	await terminal.sees(/unknown command: constructor/);
	terminal.press('palette.open');
	terminal.type('constructor web');
	await terminal.sees(/:constructor web▏/);
	terminal.press('cancel');
	await terminal.sees(/Running/);
});

test('a second press of the quit key quits without confirmation', async t => {
	const {terminal} = await onSandbox(t);
	await terminal.sees(/Running/);
	terminal.type(':listen 0\r');
	await terminal.sees(/local API proxy at/);
	terminal.press('app.quit');
	await terminal.sees(/Close 1 local API proxy and quit\?/);
	terminal.press('app.quit');
	t.is(await terminal.ended(), 0);
});

test('marked pods are followed together', async t => {
	const {terminal} = await onSandbox(t);
	await terminal.sees(/Running/);
	// By name, without the crashing pod first.
	terminal.press('list.reverse', 'list.reverse');
	await terminal.sees(/▸ api-/);
	terminal.press('list/mark', 'move.down', 'list/mark', 'logs');
	await terminal.sees(/Tail pod\/api-\S+ pod\/api-\S+├|Tail .*├ 2 pods/);
	await terminal.sees(/2 pods/);
});

test('a failed shell shows its whole sentence at 80 columns', async t => {
	const {terminal, sandbox} = await onSandbox(t);
	await sandbox.switches.set({route: 'konnectivity', agents: 'gone'});
	await terminal.sees(/Running/);
	terminal.press('shell');
	await terminal.sees(/─ shell in \S+ failed ─[\s\S]*no agent for this connection: No agent available[\s\S]*d doctor/);
});

test('the sandbox session begins with an open tail and its path', async t => {
	const terminal = await openTerminal(t, ['demo'], {home: await newHome(t)});
	await terminal.sees(/┤1 Pods[\s\S]*● logs +deploy\/api, 2 pods +╍direct ━unverified/);
	terminal.press('pane.next', 'open');
	await terminal.sees(/Tail deploy\/api├[\s\S]*request served/);
});

test('a small terminal reaches every sandbox row, and why there mentions no selection', async t => {
	const terminal = await openTerminal(t, ['demo'], {home: await newHome(t), columns: 60, rows: 20});
	await terminal.sees(/Running/);
	terminal.press('view.sandbox');
	await terminal.sees(/^ ▸ kubelet certificate check/m);
	await terminal.sees(/SWITCH, \d+ below/);
	terminal.press('move.end');
	await terminal.sees(/^ ▸ watch history/m);
	terminal.press('move.up');
	terminal.press('move.up');
	await terminal.sees(/^ ▸ a pod of web/m);
	terminal.press('accept');
	await terminal.sees(/pod web-\S+ is being replaced/);
	terminal.press('why');
	await terminal.sees(/Why├ \w+-/);
	t.notRegex(terminal.text(), /nothing is selected/);
});

test('help shows only the keys that it accepts, and 80 columns cut no word', async t => {
	const {terminal} = await onSandbox(t);
	await terminal.sees(/Running/);
	terminal.press('logs');
	await terminal.sees(/Tail pod/);
	terminal.press('help.open');
	await terminal.sees(/Help├ tail/);
	t.regex(terminal.screen().at(-1)!, /^ ↓ down {2}PgDn a page down {2}any other key closes *$/);
	t.deepEqual(
		terminal
			.screen()
			.slice(2, -1)
			.filter(row => row.includes('…')),
		[],
	);
});

test('an unbound key is reported with the help key, and is no message', async t => {
	const {terminal} = await onSandbox(t);
	await terminal.sees(/Running/);
	terminal.type('h');
	await terminal.sees(/^ h is not bound here +\? help/m);
	terminal.type('\u0007');
	await terminal.sees(/^ Ctrl-g is not bound here; no key deletes or kills anything/m);
	terminal.press('messages.open');
	await terminal.sees(/Messages├/);
	t.notRegex(terminal.text(), /no meaning/);
});

test('a list is live again when its watch resumes, even without changes', async t => {
	const {terminal, sandbox} = await onSandbox(t, ['-n', 'shop']);
	await terminal.sees(/▸ checkout-/);
	terminal.press('view.services');
	await terminal.sees(/No services in shop/);
	terminal.press('view.pods');
	await terminal.sees(/▸ checkout-/);
	await sandbox.faults.restartApiserver({downMs: 1500});
	await terminal.sees(/last read \d+s ago/);
	await terminal.loses(/last read \d+s ago/);
});

test('a forward that lost its apiserver keeps its path and round-trip times with their end', async t => {
	const {terminal, sandbox} = await onSandbox(t, [], {columns: 120, rows: 36});
	await terminal.sees(/Running/);
	terminal.type(':forward svc/web :80\r');
	await terminal.sees(/● forward .*━unverified .*open/);
	terminal.press('view.forwards');
	await terminal.sees(/^ you ━ .*━ unverified ━►/m);
	const {promise: isSeen, resolve: comeBack} = Promise.withResolvers<void>();
	const down = sandbox.faults.restartApiserver({until: isSeen});
	await terminal.sees(/^ ended \d\d:\d\d:\d\d {2}you ━ .*verified ✗ apiserver/m);
	terminal.press('why');
	await terminal.sees(
		/Why├ forward .*ended connection, failed[\s\S]+^ ended \d\d:\d\d:\d\d {2}you ━ .*verified ✗ apiserver[\s\S]+Leg 1 failed[\s\S]+(?:leg 1\) is gone|to the apiserver .*was lost)/m,
	);
	comeBack();
	await down;
	await terminal.sees(/Why├ forward .*open connection [\s\S]+^ you ━ /m);
});

test('why for a refused shell breaks the path of the connection with the refused certificate', async t => {
	const {terminal, sandbox} = await onSandbox(t);
	await terminal.sees(/toolbox-/);
	await sandbox.switches.set({verification: 'bad'});
	await terminal.sees(/━ enforced ━/);
	terminal.type('/toolbox\r');
	await terminal.sees(/▸ toolbox/);
	terminal.press('shell');
	await terminal.sees(/─ shell in toolbox-\S+ failed ─[\s\S]*Leg 2 failed[\s\S]*r retry/);
	terminal.press('why');
	await terminal.sees(/Why├ shell in toolbox-\S+ [─ ]*ended connection, failed[\s\S]*[━╍] refused ✗ (?:kubelet )?n\d[\s\S]*Leg 2 failed/);
});

test('a tail ended by a kubelet certificate retries by a key and follows when allowed', async t => {
	const {terminal, sandbox} = await onSandbox(t);
	await terminal.sees(/web-\w+-\w+/);
	await sandbox.switches.set({verification: 'bad'});
	await terminal.sees(/━ enforced ━/);
	terminal.press('view.workloads');
	await terminal.sees(/deploy\/web/);
	terminal.type('/deploy/web\r');
	await terminal.sees(/▸ deploy\/web/);
	terminal.press('logs');
	await terminal.sees(/failed · no log/);
	await terminal.sees(/no logs can be read now; new pods will be followed/);
	await terminal.sees(/ r retry .* w why/);
	await sandbox.switches.set({verification: 'good'});
	terminal.press('retry');
	await terminal.sees(/─ following\b/);
	await terminal.loses(/ r retry/);
});

test('an audit survives a namespace switch and is read again for another context', async t => {
	const {terminal} = await onSandbox(t);
	await terminal.sees(/web-\w+-\w+/);
	terminal.press('view.audit');
	await terminal.sees(/CHECK .* ROW/);
	terminal.press('namespace.all');
	await terminal.sees(/› all namespaces/);
	t.regex(terminal.text(), /CHECK .* ROW/);
	terminal.type(':ctx bob');
	await terminal.sees(/▸ sandbox-bob/);
	terminal.press('accept');
	await terminal.sees(/ bob ━/);
	await terminal.sees(/CHECK .* ROW/);
	await terminal.loses(/not determined yet/);
});

test('an open stream of another context names that context', async t => {
	const {terminal} = await onSandbox(t);
	await terminal.sees(/Running/);
	// By name, without the crashing pod first.
	terminal.press('list.reverse', 'list.reverse');
	await terminal.sees(/▸ api-/);
	terminal.press('logs');
	await terminal.sees(/Tail pod\/api-\S+├ api /);
	terminal.press('tail.background');
	terminal.type(':ctx bob');
	await terminal.sees(/▸ sandbox-bob/);
	terminal.press('accept');
	await terminal.sees(/ bob ━/);
	terminal.press('pane.next', 'open');
	await terminal.sees(/Tail pod\/api-\S+├ on sandbox · api /);
	terminal.press('why');
	await terminal.sees(/Why├ logs pod\/api-\S+ on sandbox ─/);
});

test('a request to a missing target is reported as not sent', async t => {
	const {terminal} = await onSandbox(t);
	await terminal.sees(/web-\w+-\w+/);
	terminal.type(':proxy svc/nope:80/\r');
	await terminal.sees(/── Not sent ─+\n services "nope" not found/);
	t.notRegex(terminal.text(), /No response/);
});

test(':proxy accepts a complete request as well as a namespace', async t => {
	const {terminal} = await onSandbox(t);
	await terminal.sees(/web-\w+-\w+/);
	terminal.type(':proxy svc/web:80/\r');
	await terminal.sees(/▸ .* 200 .*GET svc\/web:80\//);
	terminal.type(':proxy shop\r');
	await terminal.sees(/› shop /);
});

test('a view key works in the connections pane, a list key does not', async t => {
	const {terminal} = await onSandbox(t);
	await terminal.sees(/web-\w+-\w+/);
	terminal.press('logs');
	await terminal.sees(/Tail pod\//);
	terminal.press('tail.background', 'pane.next');
	await terminal.sees(/┤Connections 1├/);
	terminal.press('list/filter');
	await terminal.sees(/is not bound here/);
	terminal.press('view.nodes');
	await terminal.sees(/┤4 Nodes 3├/);
	await terminal.sees(/── Connections 1 /);
});
