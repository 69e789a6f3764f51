/** The choice of a remote command's carrier. */
import {once} from 'node:events';
import {readFileSync} from 'node:fs';
import test from 'ava';
import {parse} from 'yaml';
import type {SpokeError} from '../../../source/base/errors/spoke-error.ts';
import {statusObject} from '../../support/api-server.ts';
import {ends, type FarSide, startCommandServer, upgradeOf} from '../../support/command-server.ts';
import {openCommand, openCommandAt} from '../../support/remote-command.ts';

/** A row of carriers.yaml. Carriers are named as `upgradeOf` names their requests. */
type Row = {
	title: string;
	refused?: Readonly<Record<string, {status: number; message?: string; body?: string; contentType?: string}>>;
	tried: readonly string[];
	error?: string;
};

const rows = parse(readFileSync(new URL('carriers.yaml', import.meta.url), 'utf8')) as readonly Row[];
const [websocketV5, spdy] = ['GET websocket v5.channel.k8s.io', 'POST SPDY/3.1 v4.channel.k8s.io'];

for (const {title, refused = {}, tried, error: code} of rows) {
	test(title, async t => {
		const server = await startCommandServer(t, ends(), {
			refuse(request) {
				const answer = refused[upgradeOf(request)];
				return answer ? {...answer, body: answer.body ?? JSON.stringify(statusObject(answer.status, answer.message!))} : null;
			},
		});
		const opening = openCommandAt(server);
		if (code === undefined) {
			t.is(await (await opening).outcome, 0);
		} else {
			const error = await t.throwsAsync<SpokeError>(opening);
			t.is(error.code, code as SpokeError['code'], error.message);
			if (tried.length === 2) {
				t.true(error.text?.includes('cannot get resource'));
				t.true(error.message.includes('cannot create resource'));
			}
		}

		t.deepEqual(server.upgrades, tried);
	});
}

for (const [title, refusal, opening, tried] of [
	[
		'KUBECTL_REMOTE_COMMAND_WEBSOCKETS=false leaves only SPDY',
		{status: 403, body: JSON.stringify(statusObject(403, 'pods "web" is forbidden: User "ada" cannot create resource "pods/exec"'))},
		{feature: 'attach', carrier: 'spdy'},
		[spdy],
	],
	[
		'a command that reads stdin to its end does not use channels that cannot end it',
		{status: 403, body: ''},
		{command: ['cat'], stdin: true},
		[websocketV5, spdy],
	],
] as const) {
	test(title, async t => {
		const server = await startCommandServer(t, ends(), {refuse: () => refusal});
		await t.throwsAsync(openCommandAt(server, opening));
		t.deepEqual(server.upgrades, [...tried]);
	});
}

test('the end of the input is a notice where the channels cannot signal it', async t => {
	const ended = Promise.withResolvers<void>();
	const notices: string[] = [];
	const command = await openCommand(t, async far => ended.promise.then(() => far.end()), {
		server: {refuse: ({headers}) => (headers['sec-websocket-protocol'] === 'v4.channel.k8s.io' ? null : {status: 403, body: ''})},
		feature: 'attach',
		stdin: true,
		tty: true,
		onWaiting: notice => notices.push(notice),
	});
	const closed = once(command.stdin!, 'close');
	command.stdin!.end('x');
	await closed;
	t.deepEqual(notices, ['the protocol v4.channel.k8s.io cannot signal the end of the input: the command may wait for more input']);
	ended.resolve();
	t.is(await command.outcome, 0);
});

test('the arguments of a command reach the path unchanged', async t => {
	let asked: URL | undefined;
	const command = ['sh', '-c', 'echo "a&b=c" +%20 ü', '', '--', '-it'];
	const script = (far: FarSide) => {
		asked = far.url;
		far.end();
	};
	const {outcome} = await openCommand(t, script, {command, stdin: true, tty: true});
	t.is(await outcome, 0);
	t.deepEqual(asked!.searchParams.getAll('command'), command);
	t.deepEqual(
		['stdin', 'stdout', 'stderr', 'tty', 'container'].map(name => asked!.searchParams.get(name)),
		['true', 'true', null, 'true', 'app'],
	);
});
