/** Terminal output around a remote program. */
import {getEventListeners} from 'node:events';
import {PassThrough} from 'node:stream';
import {setTimeout as delay} from 'node:timers/promises';
import test from 'ava';
import {SpokeError} from '../../../source/base/errors/spoke-error.ts';
import type {Path} from '../../../source/evidence/evidence.ts';
import {loadKeymap} from '../../../source/session/keymap/load-keymap.ts';
import {clusterState} from '../../../source/session/clusters/open-clusters.ts';
import type {ConnectionList} from '../../../source/session/frame/connection-list.ts';
import {emptySession, type Message} from '../../../source/session/frame/session-state.ts';
import {Store} from '../../../source/session/frame/store.ts';
import {asciiGlyphs} from '../../../source/session/kit/theme.ts';
import {describeMeanwhile, runRemoteInTerminal} from '../../../source/session/shell/run-remote-in-terminal.ts';
import type {ResolvedTarget} from '../../../source/cluster/targets/parse-target.ts';
import type {RemoteCommand} from '../../../source/streams/remote-command/open-remote-command.ts';
import {fakeSession} from '../../support/fake-session.ts';
import {until} from '../../support/until.ts';

/** `type` sends keys; `written` is the terminal output; `ended` resolves when it takes a key to leave it. */
async function openShell({
	location = 'lab default/web, container app',
	note = '',
	tty = true,
	path,
	hasScreenReader = false,
	onWritten = () => {},
	outcome = Promise.withResolvers<never>().promise,
	isPodDeleted,
}: {
	location?: string;
	note?: string;
	tty?: boolean;
	path?: Path;
	hasScreenReader?: boolean;
	onWritten?: (text: string) => void;
	outcome?: Promise<number>;
	isPodDeleted?: () => Promise<boolean>;
} = {}) {
	const {keymap} = await loadKeymap({});
	const store = new Store(
		emptySession(clusterState(null), {columns: 80, rows: 24}, 0, {hasScreenReader}),
		() => {},
		() => 0,
	);
	if (note !== '') {
		store.dispatch({
			type: 'connections',
			event: {type: 'open', entry: {id: 'f-1', kind: 'forward', what: ':8080', context: 'lab', since: 0, phase: 'working', note}},
		});
	}

	if (path) {
		store.dispatch({
			type: 'connections',
			event: {type: 'open', entry: {id: 'shell-1', kind: 'shell', what: 'web', context: 'lab', since: 0, paths: new Map([['c1', path]])}},
		});
	}

	let written = '';
	const terminal = new PassThrough().on('data', (piece: Buffer) => {
		written += piece.toString();
		onWritten(piece.toString());
	});
	const closing = new AbortController();
	const taken = Promise.withResolvers<(bytes: Buffer) => void>();
	const session = fakeSession({
		store,
		keymap,
		env: {},
		glyphs: asciiGlyphs,
		closing: closing.signal,
		terminal: {stdout: terminal},
		async withShell<Result>(take: (bytes: Buffer) => void, work: () => Promise<Result>) {
			taken.resolve(take);
			return work();
		},
	});
	const stdout = new PassThrough();
	const stdin = new PassThrough();
	const remote = {stdin, stdout, stderr: null, outcome, resize() {}, close() {}} as unknown as RemoteCommand;
	const driven = runRemoteInTerminal(session, 'shell-1', remote, {
		location,
		kind: 'shell',
		commandRequest: {feature: 'exec', target: {} as ResolvedTarget, command: ['sh'], stdin: true, tty},
		began: Date.now(),
		canReturnWithoutKey: () => false,
		...(isPodDeleted && {isPodDeleted}),
	});
	const take = await taken.promise;
	return {
		driven,
		stdin,
		stdout,
		closing: closing.signal,
		written: () => written,
		ended: async () =>
			until(
				() => written.includes(hint),
				() => written,
			),
		type(keys: string) {
			take(Buffer.from(keys));
		},
	};
}

const hint = 'any other key: back to';
const leave = '\u001Dd';

test('a detached shell writes nothing to the restored screen', async t => {
	const {driven, stdout, written, ended, type} = await openShell();
	stdout.write('before\r\n');
	await until(() => written().includes('before'), written);
	type(leave);
	await ended();
	stdout.write('behind\r\n');
	type('x');
	await driven;
	stdout.write('long behind\r\n');
	await delay(10);
	t.regex(written(), /before[\s\S]*left the shell after/);
	t.notRegex(written(), /behind/);
});

for (const [status, isPodDeleted, text] of [
	[137, true, 'shell terminated with exit code 137 after N; the pod was deleted'],
	[143, true, 'shell terminated with exit code 143 after N; the pod was deleted'],
	[137, false, 'shell terminated with exit code 137 after N'],
	[137, null, 'shell terminated with exit code 137 after N'],
	[1, true, 'shell terminated with exit code 1 after N'],
] as const) {
	const pod = isPodDeleted === null ? 'unreadable' : isPodDeleted ? 'deleted' : 'present';
	test(`a shell that ended with ${status} while its pod is ${pod} reads: ${text}`, async t => {
		const {driven, stdout, ended, type} = await openShell({
			outcome: Promise.resolve(status),
			async isPodDeleted() {
				if (isPodDeleted === null) {
					throw new SpokeError('ERR_FORBIDDEN', 'no');
				}

				return isPodDeleted;
			},
		});
		stdout.end();
		await ended();
		type('x');
		t.is((await driven).end.text.replace(/after [\d.]+ \w+/, 'after N'), text);
	});
}

test('the hint of a shell says that there is no way back, and what ends it', async t => {
	const {driven, written, ended, type} = await openShell();
	type(leave);
	await ended();
	type('x');
	await driven;
	t.regex(written(), /Detach: Ctrl-\] d \(no way back; exit ends the shell\)\r\n/);
});

test('output from before a lost shell is written, also to a slow terminal', async t => {
	const lost = Promise.reject(new SpokeError('ERR_STREAM_LOST', 'the stream was lost'));
	lost.catch(() => {});
	const {driven, stdout, written, ended, type} = await openShell({outcome: lost});
	stdout.write('first words\r\n');
	await until(() => written().includes('first words'), written);
	stdout.end('last words\r\n');
	await ended();
	// Keys are ignored this long, because they were meant for the remote program.
	await delay(700);
	type('x');
	await driven;
	t.regex(written(), /first words\r\nlast words\r\nspoke {2}the stream was lost/);
});

test('keys typed for a shell that is lost do not leave its last screen', async t => {
	const lost = Promise.reject(new SpokeError('ERR_STREAM_LOST', 'the stream was lost'));
	lost.catch(() => {});
	const {driven, stdout, ended, type} = await openShell({
		outcome: lost,
		onWritten(text) {
			if (text.includes(hint)) {
				type('ls\r');
			}
		},
	});
	stdout.end();
	await ended();
	await delay(700);
	type('w');
	t.is((await driven).next, 'why');
});

test('the session keeps no listener of an ended shell', async t => {
	const {driven, closing, ended, type} = await openShell();
	type(leave);
	await ended();
	type('x');
	await driven;
	t.deepEqual(getEventListeners(closing, 'abort'), []);
});

test('cluster names and notes cannot move the cursor on the plain screen', async t => {
	const {driven, written, ended, type} = await openShell({
		location: 'lab default/we\u001B[2Jb, container app',
		note: 'dial \u001B]0;title\u0007 failed',
	});
	type(leave);
	await ended();
	type('x');
	await driven;
	t.regex(written(), /we\^\[\[2Jb/);
	t.regex(written(), /dial \^\[\]0;title\^G failed/);
});

for (const [how, hasScreenReader] of [
	['drawn', false],
	['read', true],
] as const) {
	test(`path texts cannot move the cursor on the plain screen, ${how}`, async t => {
		const leg = (n: number, from: string, to: string) => ({
			n,
			from,
			to,
			route: {state: 'direct', via: null, agent: null, basis: 'proven', evidence: [], need: []},
			peer: null,
			tls: {state: 'unverified', basis: 'proven', evidence: [], need: []},
		});
		const path = {
			about: 'open-connection',
			phase: 'settled',
			target: {kind: 'Pod', name: 'web', container: 'app', node: 'n\u001B]52;c;eA==\u0007'},
			legs: [leg(1, 'you', 'apiserver'), leg(2, 'apiserver', 'kubelet')],
			evidence: [],
			error: null,
		} as unknown as Path;
		const {driven, written, ended, type} = await openShell({path, hasScreenReader});
		type(leave);
		await ended();
		type('x');
		await driven;
		t.regex(written(), /n\^\[\]52;c;eA==\^G/);
		t.notRegex(written(), /\u001B\]52/);
	});
}

test('without a remote terminal input is echoed and sent by lines, and Ctrl-C leaves', async t => {
	const {driven, stdin, stdout, written, ended, type} = await openShell({tty: false});
	stdout.write('one\ntwo\n');
	await until(() => written().includes('two'), written);
	type('lx\u007Fs');
	await delay(10);
	t.is(stdin.read(), null);
	type('\r');
	t.is(String(await until(() => stdin.read() as unknown)), 'ls\n');
	type('\u0003');
	await ended();
	type('x');
	const {end} = await driven;
	t.regex(written(), /No remote terminal: input is sent line by line\r\n/);
	t.regex(written(), /one\r\ntwo\r\nlx\u0008 \u0008s\r\n/);
	t.regex(end.text, /^left the shell after/);
});

test('input after Ctrl-D goes nowhere and breaks nothing', async t => {
	const {driven, stdin, written, ended, type} = await openShell({tty: false});
	const errors: Error[] = [];
	stdin.on('error', error => errors.push(error));
	type('last\r\u0004');
	type('more\r\u0004');
	t.is(String(await until(() => stdin.read() as unknown)), 'last\n');
	await delay(10);
	t.deepEqual(errors, []);
	t.notRegex(written(), /more/, 'nobody takes it any more');
	type('\u0003');
	await ended();
	type('x');
	const {end} = await driven;
	t.regex(end.text, /^left the shell after/);
});

const broken = [{what: 'deploy/api', phase: 'working', note: 'read ECONNRESET'}] as unknown as ConnectionList;

const message = (text: string): Message => ({time: 0, text, role: 'warn', hint: ''});
const none = {count: 0, tails: 0};

test('a broken stream is reported once', t => {
	const messages = [message('logs deploy/api: read ECONNRESET'), message('forward :80: the pod is gone')];
	t.deepEqual(describeMeanwhile({connections: broken, messages, lines: {count: 3, tails: 1}}, 80), [
		'       Meanwhile: deploy/api: read ECONNRESET',
		'                  forward :80: the pod is gone',
		'                  3 lines in the tail',
	]);
});

test('a recovered stream is reported by its message', t => {
	const messages = [message('logs deploy/api: read ECONNRESET'), message('logs deploy/api: read ECONNRESET')];
	t.deepEqual(describeMeanwhile({connections: [], messages, lines: none}, 80), ['       Meanwhile: logs deploy/api: read ECONNRESET']);
});

test('a long event is wrapped at words', t => {
	const rows = describeMeanwhile({connections: [], messages: [message('one two three four five six seven eight nine')], lines: none}, 45);
	t.true(rows.every(row => row.length < 45));
	t.is(rows.map(row => row.slice(18)).join(' '), 'one two three four five six seven eight nine');
});

test('nothing is reported when nothing happened', t => {
	t.deepEqual(describeMeanwhile({connections: [], messages: [], lines: none}, 80), []);
});

test('events that are not shown are counted', t => {
	const messages = ['a', 'b', 'c', 'd'].map(text => message(text));
	const connections = Array.from({length: 5}, () => broken[0]!);
	const rows = describeMeanwhile({connections, messages, lines: none}, 80).map(row => row.slice(18));
	t.deepEqual(rows.slice(3), ['2 more broken streams', 'c', 'd', '2 more messages']);
});
