/** Texts of the screens. */
import {readFile} from 'node:fs/promises';
import {join} from 'node:path';
import test from 'ava';
import {newHome} from '../../support/new-home.ts';
import {openSession, sessionOnOwnSandbox, sessionOnSandbox} from '../../support/open-session.ts';

test('without UTF-8 no screen has a glyph that the terminal cannot show', async t => {
	const {session} = await sessionOnSandbox(t, [], {env: {LANG: 'C', LC_ALL: 'C'}});
	await session.sees(/[=~] direct [=~] unverified [=~]> kubelet/);
	// By name, without the crashing pod first.
	session.press('list.reverse', 'list.reverse');
	await session.sees(/> api-/);
	const screens: ReadonlyArray<readonly [keys: string, shows: RegExp]> = [
		['w', /you > apiserver/],
		['q7', /CHECK +VERDICT[\s\S]*fail/],
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
		session.type(keys);
		await session.sees(shows);
		t.notRegex(session.text(), /[^\u0000-\u007F]/, `after ${JSON.stringify(keys)}`);
	}
});

test('a copy in tmux names the setting that it needs', async t => {
	const {session} = await sessionOnSandbox(t, [], {env: {TMUX: '/tmp/tmux-0/default,1,0'}});
	await session.sees(/Running/);
	session.press('list/copy');
	await session.sees(/copied \S+ \(tmux relays it if set-clipboard is on\)/);
});

test('a remedy names the key of this view, not a flag of another command', async t => {
	const {session} = await sessionOnSandbox(t, [], {user: 'bob', columns: 120, rows: 50});
	await session.sees(/TLS to kubelet n\d is not known; needs get nonResourceURL \/flagz, or list pods in kube-system/);
	session.press('why');
	await session.sees(
		/needs +get nonResourceURL \/flagz \(kubectl auth can-i get \/flagz\)\n +or +list pods in kube-system .*\n +or +the test \(t\)/,
	);
	await session.sees(/TLS unknown$/m);
	await session.sees(/no stream is open yet; a forward measures two, a shell one/);
	t.notRegex(session.text(), /--probe|unknown, unknown/);
});

test('an audit row opens to all its evidence, by the open key and by the why key', async t => {
	const {session, home} = await sessionOnSandbox(t);
	await session.sees(/Running/);
	session.press('view.audit');
	await session.sees(/▸ \S.*✗ [━╍] direct [━╍] unverified/);
	t.notRegex(session.text(), /unknown: /);
	session.press('open');
	await session.sees(/Audit├ C\d+ [\s\S]*fix +set serverTLSBootstrap: true[\s\S]*docs/);
	session.press('view.back', 'why');
	await session.sees(/Audit├ C\d+ /);
	session.press('view.back', 'save');
	await session.sees(/save to .*\.json▏/);
	session.press('clear');
	session.type(`${home}/a.xml\r`);
	await session.sees(/saved /);
	t.regex(await readFile(join(home, 'a.xml'), 'utf8'), /<testsuite /);
});

test('a proxy request starts at a port of the selected row and keeps the leg text visible', async t => {
	const {session} = await sessionOnSandbox(t);
	await session.sees(/web-\w+-\w+ +2\/2 +Running/);
	session.press('view.services');
	await session.sees(/web +ClusterIP/);
	session.type('/web\r');
	session.press('proxy');
	await session.sees(/GET svc\/web:80\/▏/);
	session.type(`${'a/'.repeat(40)}\r`);
	await session.sees(/▸ .*GET svc\/web:80\/a/);
	await session.sees(/▸ .*GET svc\/web:80\/a.*… {2}[━╍┈](?:direct|route\?) [━╍]plain/);
	session.press('view.pods');
	session.type('/web\r');
	await session.sees(/▸ web/);
	session.press('proxy');
	await session.sees(/GET pod\/web-\S+:8080\/▏/);
});

test('a proxy request to a row of another namespace stays in its namespace', async t => {
	const {session} = await sessionOnSandbox(t, ['-A'], {columns: 200});
	await session.sees(/shop +checkout-/);
	session.type('/checkout\r');
	await session.sees(/▸ shop +checkout-/);
	session.press('proxy');
	await session.sees(/GET pod\/checkout-\S+:▏/);
	session.type('80/\r');
	await session.sees(/▸ .*GET pod\/checkout-\S+:80\/ in shop[^]*dial tcp/);
});

test('a started key sequence shows the possible next keys of the active keymap', async t => {
	const {session} = await sessionOnSandbox(t, ['--keymap', 'vim'], {columns: 200, rows: 50});
	await session.sees(/Running/);
	session.type('g');
	await session.sees(/^ g … {2}.*g first.*\? help/m);
	session.type('?');
	await session.sees(/Help├ pods/);
	await session.sees(/unverified +not checked/);
});

test('the palette completes namespaces, targets and ports of a command', async t => {
	const {session} = await sessionOnSandbox(t);
	await session.sees(/Running/);
	session.type(':ns sh');
	await session.sees(/▸ shop/);
	session.press('accept');
	await session.sees(/› shop[\s\S]*▸ checkout/);
	session.type(':ns default\r');
	await session.sees(/› default[\s\S]*toolbox/);
	session.type(':forward svc/w');
	await session.sees(/▸ svc\/web 8080:80/);
	session.press('complete');
	await session.sees(/:forward svc\/web 8080:80▏/);
	session.press('cancel');
	session.type(':tail tool');
	await session.sees(/▸ pod\/toolbox-/);
	session.press('accept');
	await session.sees(/Tail pod\/toolbox-/);
	session.press('view.back', 'palette.open');
	await session.sees(/Commands ─/);
	session.type('nonsense\r');
	await session.sees(/unknown command: nonsense/);
	session.press('palette.open');
	session.type('constructor\r');
	await session.sees(/unknown command: constructor/);
	session.press('palette.open');
	session.type('constructor web');
	await session.sees(/:constructor web▏/);
	session.press('cancel');
	await session.sees(/Running/);
});

test('a second press of the quit key quits without confirmation', async t => {
	const {session} = await sessionOnSandbox(t);
	await session.sees(/Running/);
	session.type(':listen 0\r');
	await session.sees(/local API proxy at/);
	session.press('app.quit');
	await session.sees(/Close 1 local API proxy and quit\?/);
	session.press('app.quit');
	t.is(await session.ended(), 0);
});

test('marked pods are followed together, without the one at the cursor', async t => {
	const {session} = await sessionOnSandbox(t);
	await session.sees(/Running/);
	// By name, without the crashing pod first.
	session.press('list.reverse', 'list.reverse');
	await session.sees(/▸ api-/);
	session.press('list/mark', 'move.down', 'list/mark', 'move.end', 'logs');
	await session.sees(/Tail pod\/api-\S+ pod\/api-\S+├|Tail .*├ 2 pods/);
	await session.sees(/2 pods/);
});

test('a tail of marked rows asks before it leaves out those of another namespace', async t => {
	const {session} = await sessionOnSandbox(t, ['-A'], {columns: 160, rows: 40});
	await session.sees(/shop[\s\S]*Running/);
	session.press('list.reverse', 'list.reverse', 'list/mark', 'move.end', 'list/mark', 'logs');
	await session.sees(/Follow only 1 of 2 marked rows\?[\s\S]*One tail follows the rows of one namespace: shop, in sandbox\./);
	session.press('confirm.no');
	await session.sees(/┤1 Pods/);
	t.notRegex(session.text(), /Tail/);
});

test('Tab says where the connections are when they are not on the screen', async t => {
	const {session} = await sessionOnSandbox(t);
	await session.sees(/Running/);
	session.press('pane.next');
	await session.sees(/no connection is open/);
	session.press('logs');
	await session.sees(/Tail pod/);
	session.press('pane.next');
	await session.sees(/the connections are listed below the views/);
	session.press('view.back');
	await session.sees(/┤1 Pods[\s\S]* ▸ /);
	t.notRegex(session.text(), / ▹ /);
});

test('an empty list names the filter and the problems that hide its rows', async t => {
	const {session} = await sessionOnSandbox(t);
	await session.sees(/Running/);
	session.press('list.problems');
	session.type('/toolbox\r');
	await session.sees(/None of \d+ pods match "toolbox" and have problems\. +Esc clear filter +! all\s+rows/);
	session.press('list.problems');
	await session.sees(/toolbox-\S+ +1\/1/);
	t.notRegex(session.text(), /None of/);
});

test('a failed shell shows its whole sentence at 80 columns', async t => {
	const {session, sandbox} = await sessionOnOwnSandbox(t);
	await sandbox.switches.set({route: 'konnectivity', agents: 'gone'});
	await session.sees(/Running/);
	session.press('shell');
	await session.sees(/─ shell in \S+ failed ─[\s\S]*no agent for this connection: No agent available[\s\S]*d doctor/);
});

test('the sandbox session begins with an open tail and its path', async t => {
	const session = await openSession(t, ['demo'], {home: await newHome(t)});
	await session.sees(/┤1 Pods[\s\S]*● logs +deploy\/api, 2 pods +╍direct ━unverified/);
	session.press('pane.next', 'open');
	await session.sees(/Tail deploy\/api├[\s\S]*request served/);
});

test('a small terminal reaches every sandbox row, and why there mentions no selection', async t => {
	const session = await openSession(t, ['demo'], {home: await newHome(t), columns: 60, rows: 20});
	await session.sees(/Running/);
	session.press('view.sandbox');
	await session.sees(/^ ▸ kubelet certificate check/m);
	await session.sees(/SWITCH, \d+ below/);
	session.press('move.end');
	await session.sees(/^ ▸ watch history/m);
	session.press('move.up');
	session.press('move.up');
	await session.sees(/^ ▸ a pod of web/m);
	session.press('accept');
	await session.sees(/pod web-\S+ is being replaced/);
	session.press('why');
	await session.sees(/Why├ \w+-/);
	t.notRegex(session.text(), /nothing is selected/);
});

test('an unbound key is reported with the help key, and is no message', async t => {
	const {session} = await sessionOnSandbox(t);
	await session.sees(/Running/);
	session.type('h');
	await session.sees(/^ h is not bound here +\? help/m);
	session.type('\u0007');
	await session.sees(/^ Ctrl-g is not bound here; no key deletes or kills anything/m);
	session.press('messages.open');
	await session.sees(/Messages├/);
	t.notRegex(session.text(), /no meaning/);
});

test('a list is live again when its watch resumes, even without changes', async t => {
	const {session, sandbox} = await sessionOnOwnSandbox(t, ['-n', 'shop']);
	await session.sees(/▸ checkout-/);
	session.press('view.services');
	await session.sees(/No services in shop/);
	session.press('view.pods');
	await session.sees(/▸ checkout-/);
	await sandbox.faults.restartApiserver({downMs: 1500});
	await session.sees(/last read \d+s ago/);
	await session.loses(/last read \d+s ago/);
});

test('a forward that lost its apiserver keeps its path and round-trip times with their end', async t => {
	const {session, sandbox} = await sessionOnOwnSandbox(t, [], {columns: 120, rows: 36});
	await session.sees(/Running/);
	session.type(':forward svc/web :80\r');
	await session.sees(/● forward .*━unverified .*open/);
	session.press('view.forwards');
	await session.sees(/^ you ━ .*━ unverified ━►/m);
	const {promise: isSeen, resolve: comeBack} = Promise.withResolvers<void>();
	const down = sandbox.faults.restartApiserver({until: isSeen});
	await session.sees(/^ ended \d\d:\d\d:\d\d {2}you ━ .*verified ✗ apiserver/m);
	session.press('why');
	await session.sees(
		/Why├ forward .*ended connection, failed[\s\S]+^ ended \d\d:\d\d:\d\d {2}you ━ .*verified ✗ apiserver[\s\S]+Failed between you and the apiserver[\s\S]+(?:leg 1\) is gone|to the apiserver .*was lost)/m,
	);
	comeBack();
	await down;
	await session.sees(/Why├ forward .*open connection [\s\S]+^ you ━ /m);
});

test('why for a refused shell breaks the path of the connection with the refused certificate', async t => {
	const {session, sandbox} = await sessionOnOwnSandbox(t);
	await session.sees(/toolbox-/);
	await sandbox.switches.set({verification: 'bad'});
	await session.sees(/━ enforced ━/);
	session.type('/toolbox\r');
	await session.sees(/▸ toolbox/);
	session.press('shell');
	await session.sees(/─ shell in toolbox-\S+ failed ─[\s\S]*Failed between the apiserver and the node[\s\S]*r retry/);
	session.press('why');
	await session.sees(
		/Why├ shell in toolbox-\S+ [─ ]*ended connection, failed[\s\S]*[━╍] refused ✗ (?:kubelet )?n\d[\s\S]*Failed between the apiserver and the node/,
	);
});

test('a tail ended by a kubelet certificate retries by a key and follows when allowed', async t => {
	const {session, sandbox} = await sessionOnOwnSandbox(t);
	await session.sees(/web-\w+-\w+/);
	await sandbox.switches.set({verification: 'bad'});
	await session.sees(/━ enforced ━/);
	session.press('view.workloads');
	await session.sees(/deploy\/web/);
	session.type('/deploy/web\r');
	await session.sees(/▸ deploy\/web/);
	session.press('logs');
	await session.sees(/failed · no log/);
	await session.sees(/no logs can be read now; new pods will be followed/);
	await session.sees(/ r retry .* w why/);
	await sandbox.switches.set({verification: 'good'});
	session.press('retry');
	await session.sees(/─ following\b/);
	await session.loses(/ r retry/);
});

test('an audit survives a namespace switch and is read again for another context', async t => {
	const {session} = await sessionOnSandbox(t);
	await session.sees(/web-\w+-\w+/);
	session.press('view.audit');
	await session.sees(/CHECK +VERDICT/);
	session.press('namespace.all');
	await session.sees(/› all namespaces/);
	t.regex(session.text(), /CHECK +VERDICT/);
	session.type(':ctx bob');
	await session.sees(/▸ sandbox-bob/);
	session.press('accept');
	await session.sees(/ bob ━/);
	await session.sees(/CHECK +VERDICT/);
	await session.loses(/not determined yet/);
});

test('an open stream of another context names that context', async t => {
	const {session} = await sessionOnSandbox(t);
	await session.sees(/Running/);
	// By name, without the crashing pod first.
	session.press('list.reverse', 'list.reverse');
	await session.sees(/▸ api-/);
	session.press('logs');
	await session.sees(/Tail pod\/api-\S+├ api /);
	session.press('tail.background');
	session.type(':ctx bob');
	await session.sees(/▸ sandbox-bob/);
	session.press('accept');
	await session.sees(/ bob ━/);
	session.press('pane.next', 'open');
	await session.sees(/Tail pod\/api-\S+├ on sandbox · api /);
	session.press('why');
	await session.sees(/Why├ logs pod\/api-\S+ on sandbox ─/);
});

test('a request to a missing target is reported as not sent', async t => {
	const {session} = await sessionOnSandbox(t);
	await session.sees(/web-\w+-\w+/);
	session.type(':proxy svc/nope:80/\r');
	await session.sees(/── Not sent ─+\n services "nope" not found/);
	t.notRegex(session.text(), /No response/);
});

test(':proxy accepts a complete request as well as a namespace', async t => {
	const {session} = await sessionOnSandbox(t);
	await session.sees(/web-\w+-\w+/);
	session.type(':proxy svc/web:80/\r');
	await session.sees(/▸ .* 200 .*GET svc\/web:80\//);
	session.type(':proxy shop\r');
	await session.sees(/› shop /);
});

test('a view key works in the connections pane, a list key does not', async t => {
	const {session} = await sessionOnSandbox(t);
	await session.sees(/web-\w+-\w+/);
	session.press('logs');
	await session.sees(/Tail pod\//);
	session.press('tail.background', 'pane.next');
	await session.sees(/┤Connections 1├/);
	session.press('list/filter');
	await session.sees(/is not bound here/);
	session.press('view.nodes');
	await session.sees(/┤4 Nodes 3├/);
	await session.sees(/── Connections 1 /);
});
