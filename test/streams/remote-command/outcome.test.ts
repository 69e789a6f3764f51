/** Exit status and errors of a remote command, over both carriers. */
import test from 'ava';
import {SpokeError} from '../../../source/errors/spoke-error.ts';
import {locateStreamLoss} from '../../../source/streams/locate-loss.ts';
import {openRemoteCommand} from '../../../source/streams/remote-command/open-remote-command.ts';
import {exitCode, failure, startCommandServer, success, type FarSide} from '../../support/command-server.ts';
import {receivedText} from '../../support/read-stream.ts';
import {reachedWeb, reset} from '../../support/remote-command.ts';

const carriers = ['websocket', 'spdy'] as const;

type Row = [title: string, far: (far: FarSide) => void, expected: number | string, leg?: number];

const rows: readonly Row[] = [
	['one Success is 0', end(success), 0],
	['a status of 42 is 42', end(exitCode(42)), 42],
	['a status of 137 is 137', end(exitCode(137)), 137],
	['a status of 255 is 255', end(exitCode(255)), 255],
	['no status and an orderly close is a lost stream', end(), 'ERR_STREAM_LOST', 2],
	['no status and a bare FIN is a lost stream, while the apiserver answers', far => far.socket.end(), 'ERR_STREAM_LOST', 2],
	['a status cut in the middle is no status', end('{"status":"Succ'), 'ERR_PROTOCOL'],
	['something that is no JSON is no status', end('Success'), 'ERR_PROTOCOL'],
	['a JSON list is no status', end('[]'), 'ERR_PROTOCOL'],
	['an unknown status is no Success', end('{"status":"Fine"}'), 'ERR_PROTOCOL'],
	[
		'two Successes are not one',
		far => {
			far.status(success);
			far.status(success);
			far.close();
		},
		'ERR_PROTOCOL',
	],
	[
		'bytes behind a Success spoil it',
		far => {
			far.status(success);
			far.status('x');
			far.close();
		},
		'ERR_PROTOCOL',
	],
	['a status of 5 MB is none', end(JSON.stringify({...success, message: 'x'.repeat(5_000_000)})), 'ERR_PROTOCOL'],
	[
		'a non-zero status without its number is none',
		end({status: 'Failure', reason: 'NonZeroExitCode', details: {causes: []}}),
		'ERR_PROTOCOL',
	],
	[
		'the kubelet that cannot be reached is leg 2',
		end(
			failure(
				'Internal error occurred: error sending request: Post "https://10.0.0.1:10250/exec/default/web/app?command=ls": dial tcp 10.0.0.1:10250: connect: connection refused',
			),
		),
		'ERR_SECOND_LEG',
		2,
	],
	[
		'a command that is not there is said so',
		end(
			failure(
				'Internal error occurred: error executing command in container: failed to start exec "x": OCI runtime exec failed: exec: "nosuch": executable file not found in $PATH',
			),
		),
		'ERR_COMMAND_NOT_STARTED',
		3,
	],
	['a container that is gone is said so', end(failure('container not found ("app")')), 'ERR_TARGET_GONE', 3],
];

for (const carrier of carriers) {
	for (const [title, far, expected, leg] of rows) {
		test(`${title} (${carrier})`, async t => {
			const server = await startCommandServer(far);
			t.teardown(async () => server.close());
			const command = await openRemoteCommand(
				await server.cluster(),
				{feature: 'exec', target: reachedWeb, command: ['x'], stdin: false, tty: false},
				{environment: only(carrier)},
			);
			void receivedText(command.stdout);
			void receivedText(command.stderr!);
			if (typeof expected === 'number') {
				t.is(await command.outcome, expected);
			} else {
				const error = await t.throwsAsync<SpokeError>(command.outcome as Promise<number>);
				t.is(error.code, expected as SpokeError['code']);
				t.is(error.leg, (leg ?? error.leg) as SpokeError['leg']);
			}
		});
	}

	test(`a stream that is closed here is reported closed once, before the server closes it (${carrier})`, async t => {
		const server = await startCommandServer(() => {});
		t.teardown(async () => server.close());
		const reported: string[] = [];
		const command = await openRemoteCommand(
			await server.cluster(),
			{feature: 'exec', target: reachedWeb, command: ['x'], stdin: false, tty: false},
			{
				environment: only(carrier),
				observer: {
					onClosed() {
						reported.push('closed');
					},
				},
			},
		);
		void receivedText(command.stdout);
		void receivedText(command.stderr!);
		command.close();
		t.deepEqual(reported, ['closed']);
		t.is(await command.outcome, 'closed');
		command.close();
		t.deepEqual(reported, ['closed']);
	});

	test(`an endless status ends the stream before all of it is read (${carrier})`, async t => {
		let sent = 0;
		const piece = ' '.repeat(500_000);
		const server = await startCommandServer(far => {
			const more = () => {
				if (!far.socket.destroyed && sent < 200_000_000) {
					sent += far.backlog() > 1_000_000 ? 0 : piece.length;
					far.status(far.backlog() > 1_000_000 ? '' : piece);
					setTimeout(more, 1);
				}
			};

			far.status('{"status":"Success"}');
			more();
		});
		t.teardown(async () => server.close());
		const command = await openRemoteCommand(
			await server.cluster(),
			{feature: 'exec', target: reachedWeb, command: ['x'], stdin: false, tty: false},
			{environment: only(carrier)},
		);
		void receivedText(command.stdout);
		void receivedText(command.stderr!);
		await t.throwsAsync<SpokeError>(command.outcome as Promise<number>, {code: 'ERR_PROTOCOL', message: /longer than 1 MiB/});
		t.true(sent < 100_000_000, `${sent} bytes were taken`);
	});

	test(`a stream lost together with the apiserver is leg 1 (${carrier})`, async t => {
		const server = await startCommandServer(async far => {
			await server.close();
			far.socket.destroy();
		});
		const command = await openRemoteCommand(
			await server.cluster(),
			{feature: 'exec', target: reachedWeb, command: ['x'], stdin: false, tty: false},
			{environment: only(carrier)},
		);
		void receivedText(command.stdout);
		void receivedText(command.stderr!);
		const error = await t.throwsAsync<SpokeError>(command.outcome as Promise<number>);
		t.is(error.code, 'ERR_STREAM_LOST');
		t.is(error.leg, 1);
	});

	test(`a reset is a lost stream, whatever was printed before it (${carrier})`, async t => {
		const server = await startCommandServer(far => {
			far.stdout('half a line');
			setTimeout(() => reset(far.socket), 50);
		});
		t.teardown(async () => server.close());
		const command = await openRemoteCommand(
			await server.cluster(),
			{feature: 'exec', target: reachedWeb, command: ['x'], stdin: false, tty: false},
			{environment: only(carrier)},
		);
		void receivedText(command.stdout).catch(() => {});
		void receivedText(command.stderr!).catch(() => {});
		t.is((await t.throwsAsync<SpokeError>(command.outcome as Promise<number>)).code, 'ERR_STREAM_LOST');
	});
}

test('a text message or an unexpected channel is a protocol error', async t => {
	for (const send of [
		(far: FarSide) => far.webSocket!.send(Buffer.from('1text'), {binary: false}),
		(far: FarSide) => far.webSocket!.send(Buffer.from([9, 1])),
	]) {
		const server = await startCommandServer(far => {
			send(far);
			far.status(success);
			far.close();
		});
		t.teardown(async () => server.close());
		const command = await openRemoteCommand(
			await server.cluster(),
			{feature: 'exec', target: reachedWeb, command: ['x'], stdin: false, tty: false},
			{environment: {}},
		);
		void receivedText(command.stdout);
		void receivedText(command.stderr!);
		t.is((await t.throwsAsync<SpokeError>(command.outcome as Promise<number>)).code, 'ERR_PROTOCOL');
	}
});

test('a server’s close signal for a channel is not a message', async t => {
	const server = await startCommandServer(far => {
		far.webSocket!.send(Buffer.from([255, 1]));
		far.status(success);
		far.close();
	});
	t.teardown(async () => server.close());
	const command = await openRemoteCommand(
		await server.cluster(),
		{feature: 'exec', target: reachedWeb, command: ['x'], stdin: false, tty: false},
		{environment: {}},
	);
	void receivedText(command.stdout);
	void receivedText(command.stderr!);
	t.is(await command.outcome, 0);
});

const heard: ReadonlyArray<[title: string, far: (far: FarSide) => void, responses: number]> = [
	[
		'one Success',
		far => {
			far.status(success);
			far.close();
		},
		1,
	],
	[
		'a status of 42',
		far => {
			far.status(exitCode(42));
			far.close();
		},
		1,
	],
	['a byte of output', end(success), 1],
	[
		'the runtime’s words on a command that is not there',
		far => {
			far.status(failure('failed to start exec "x": OCI runtime exec failed: exec: "nosuch": executable file not found in $PATH'));
			far.close();
		},
		1,
	],
	[
		'the apiserver’s words on a kubelet that it cannot reach',
		far => {
			far.status(
				failure(
					'Internal error occurred: error sending request: Post "https://10.0.0.1:10250/exec/default/web/app?command=ls": dial tcp 10.0.0.1:10250: connect: connection refused',
				),
			);
			far.close();
		},
		0,
	],
	[
		'the apiserver’s first, empty message',
		far => {
			far.close();
		},
		0,
	],
];

for (const [title, far, responses] of heard) {
	test(`${title}: the far end ${responses === 0 ? 'has not answered' : 'has answered'}`, async t => {
		const server = await startCommandServer(far);
		t.teardown(async () => server.close());
		let answers = 0;
		const observer = {
			onFarEndAnswered() {
				answers++;
			},
		};
		const command = await openRemoteCommand(
			await server.cluster(),
			{feature: 'exec', target: reachedWeb, command: ['x'], stdin: false, tty: false},
			{environment: {}, observer},
		);
		void receivedText(command.stdout);
		void receivedText(command.stderr!);
		await command.outcome.catch(() => undefined);
		t.is(answers, responses);
	});
}

test('a connection that ends silently has an unknown leg while the apiserver responds', async t => {
	for (const [far, words] of [
		[
			(far: FarSide) => {
				far.socket.end();
			},
			/unknown.*leg 2.*leg 1/,
		],
		[end(), /\(leg 2\) was lost/],
	] as const) {
		const server = await startCommandServer(far);
		t.teardown(async () => server.close());
		const command = await openRemoteCommand(
			await server.cluster(),
			{feature: 'exec', target: reachedWeb, command: ['x'], stdin: false, tty: false},
			{environment: {}},
		);
		void receivedText(command.stdout);
		void receivedText(command.stderr!);
		await t.throwsAsync(command.outcome as Promise<number>, {message: words});
	}
});

for (const [title, body, code, first] of [
	[
		'a kubelet’s message about a container instead of the stream is an answer of the far end',
		'container not found ("app")',
		'ERR_TARGET_GONE',
		'answered',
	],
	[
		'the same words of a webhook are none: no kubelet was dialed',
		JSON.stringify({
			kind: 'Status',
			...failure('admission webhook "exec.example.com" denied the request: container app not found in the list'),
		}),
		'ERR_APISERVER_ANSWER',
		'failed',
	],
] as const) {
	test(title, async t => {
		const server = await startCommandServer(() => undefined, {refuse: () => ({status: 500, body})});
		t.teardown(async () => server.close());
		const responses: string[] = [];
		const observer = {
			onFarEndAnswered() {
				responses.push('answered');
			},
			onFailed() {
				responses.push('failed');
			},
		};
		await t.throwsAsync(
			openRemoteCommand(
				await server.cluster(),
				{feature: 'exec', target: reachedWeb, command: ['x'], stdin: false, tty: false},
				{environment: {}, observer},
			),
			{code},
		);
		t.is(responses[0], first);
	});
}

function end(status?: string | object): (far: FarSide) => void {
	return far => {
		far.stdout('out');
		far.stderr('err');
		if (status !== undefined) {
			far.status(status);
		}

		far.close();
	};
}

function only(carrier: 'websocket' | 'spdy'): NodeJS.ProcessEnv {
	return carrier === 'spdy' ? {KUBECTL_REMOTE_COMMAND_WEBSOCKETS: 'false'} : {};
}

test('an interruption during a write can be caused by the command', async t => {
	const cluster = {
		async connect() {
			throw new Error('not asked');
		},
	};
	for (const [syscall, remedy] of [
		['write', /^check the network; a command that exits before reading all its input can also cause this$/],
		['read', /^check the network, then run the command again$/],
	] as const) {
		const lost = new SpokeError('ERR_STREAM_LOST', `${syscall} ECONNRESET`, {
			cause: Object.assign(new Error(syscall), {code: 'ECONNRESET', syscall}),
		});
		t.regex((await locateStreamLoss(cluster, lost)).remedy!, remedy);
	}
});
