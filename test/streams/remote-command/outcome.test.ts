/** Exit status and errors of a remote command, over both carriers. */
import test from 'ava';
import {SpokeError} from '../../../source/base/errors/spoke-error.ts';
import {locateStreamLoss} from '../../../source/streams/locate-loss.ts';
import {type CommandScript, ends, exitCode, failure, type FarSide, startCommandServer, success} from '../../support/command-server.ts';
import {carriers, noting, openCommand, openCommandAt, reset} from '../../support/remote-command.ts';

/** Prints, and closes without a status if none is given. */
function prints(status?: string | object): CommandScript {
	return far => {
		far.stdout('out');
		far.stderr('err');
		if (status === undefined) {
			far.close();
		} else {
			far.end(status);
		}
	};
}

const refusedDial =
	'Internal error occurred: error sending request: Post "https://10.0.0.1:10250/exec/default/web/app?command=ls": dial tcp 10.0.0.1:10250: connect: connection refused';
const notFound = 'failed to start exec "x": OCI runtime exec failed: exec: "nosuch": executable file not found in $PATH';

type Row = [title: string, far: CommandScript, expected: number | string, leg?: number];

const rows: readonly Row[] = [
	['one Success is 0', prints(success), 0],
	['a status of 42 is 42', prints(exitCode(42)), 42],
	['a status of 137 is 137', prints(exitCode(137)), 137],
	['a status of 255 is 255', prints(exitCode(255)), 255],
	['no status and an orderly close is a lost stream', prints(), 'ERR_STREAM_LOST', 2],
	['no status and a bare FIN is a lost stream, while the apiserver answers', far => far.socket.end(), 'ERR_STREAM_LOST', 2],
	['a status cut in the middle is no status', prints('{"status":"Succ'), 'ERR_PROTOCOL'],
	['something that is no JSON is no status', prints('Success'), 'ERR_PROTOCOL'],
	['a JSON list is no status', prints('[]'), 'ERR_PROTOCOL'],
	['an unknown status is no Success', prints('{"status":"Fine"}'), 'ERR_PROTOCOL'],
	[
		'two Successes are not one',
		far => {
			far.status(success);
			far.end();
		},
		'ERR_PROTOCOL',
	],
	[
		'bytes behind a Success spoil it',
		far => {
			far.status(success);
			far.end('x');
		},
		'ERR_PROTOCOL',
	],
	['a status of 5 MB is none', prints(JSON.stringify({...success, message: 'x'.repeat(5_000_000)})), 'ERR_PROTOCOL'],
	[
		'a non-zero status without its number is none',
		prints({status: 'Failure', reason: 'NonZeroExitCode', details: {causes: []}}),
		'ERR_PROTOCOL',
	],
	['the kubelet that cannot be reached is leg 2', prints(failure(refusedDial)), 'ERR_SECOND_LEG', 2],
	[
		'a command that is not there is said so',
		prints(failure(`Internal error occurred: error executing command in container: ${notFound}`)),
		'ERR_COMMAND_NOT_STARTED',
		3,
	],
	['a container that is gone is said so', prints(failure('container not found ("app")')), 'ERR_TARGET_GONE', 3],
];

for (const carrier of carriers) {
	for (const [title, far, expected, leg] of rows) {
		test(`${title} (${carrier})`, async t => {
			const {outcome} = await openCommand(t, far, {carrier});
			if (typeof expected === 'number') {
				t.is(await outcome, expected);
			} else {
				const error = await t.throwsAsync<SpokeError>(outcome as Promise<number>);
				t.is(error.code, expected as SpokeError['code']);
				t.is(error.leg, (leg ?? error.leg) as SpokeError['leg']);
			}
		});
	}

	test(`a stream that is closed here is reported closed once, before the server closes it (${carrier})`, async t => {
		const {observer, seen} = noting({onClosed: 'closed'});
		const command = await openCommand(t, () => {}, {carrier, observer});
		command.close();
		t.deepEqual(seen, ['closed']);
		t.is(await command.outcome, 'closed');
		command.close();
		t.deepEqual(seen, ['closed']);
	});

	test(`an endless status ends the stream before all of it is read (${carrier})`, async t => {
		let sent = 0;
		const piece = ' '.repeat(500_000);
		const script = (far: FarSide) => {
			const more = () => {
				if (!far.socket.destroyed && sent < 200_000_000) {
					sent += far.backlog() > 1_000_000 ? 0 : piece.length;
					far.status(far.backlog() > 1_000_000 ? '' : piece);
					setTimeout(more, 1);
				}
			};

			far.status('{"status":"Success"}');
			more();
		};
		const {outcome} = await openCommand(t, script, {carrier});
		await t.throwsAsync<SpokeError>(outcome as Promise<number>, {code: 'ERR_PROTOCOL', message: /longer than 1 MiB/});
		t.true(sent < 100_000_000, `${sent} bytes were taken`);
	});

	test(`a stream lost together with the apiserver is leg 1 (${carrier})`, async t => {
		const server = await startCommandServer(t, async far => {
			await server.close();
			far.socket.destroy();
		});
		const {outcome} = await openCommandAt(server, {carrier});
		t.like(await t.throwsAsync(outcome as Promise<number>), {code: 'ERR_STREAM_LOST', leg: 1});
	});

	test(`a reset is a lost stream, whatever was printed before it (${carrier})`, async t => {
		const {outcome} = await openCommand(
			t,
			far => {
				far.stdout('half a line');
				setTimeout(() => reset(far.socket), 50);
			},
			{carrier},
		);
		await t.throwsAsync(outcome as Promise<number>, {code: 'ERR_STREAM_LOST'});
	});
}

test('a text message or an unexpected channel is a protocol error', async t => {
	for (const send of [
		(far: FarSide) => far.webSocket!.send(Buffer.from('1text'), {binary: false}),
		(far: FarSide) => far.webSocket!.send(Buffer.from([9, 1])),
	]) {
		const {outcome} = await openCommand(t, far => {
			send(far);
			far.end();
		});
		await t.throwsAsync(outcome as Promise<number>, {code: 'ERR_PROTOCOL'});
	}
});

test('a server’s close signal for a channel is not a message', async t => {
	const {outcome} = await openCommand(t, far => {
		far.webSocket!.send(Buffer.from([255, 1]));
		far.end();
	});
	t.is(await outcome, 0);
});

for (const [title, far, responses] of [
	['one Success', (far: FarSide) => far.end(), 1],
	['a status of 42', (far: FarSide) => far.end(exitCode(42)), 1],
	['a byte of output', prints(success), 1],
	['the runtime’s words on a command that is not there', (far: FarSide) => far.end(failure(notFound)), 1],
	['the apiserver’s words on a kubelet that it cannot reach', (far: FarSide) => far.end(failure(refusedDial)), 0],
	['the apiserver’s first, empty message', (far: FarSide) => far.close(), 0],
] as const) {
	test(`${title}: the far end ${responses === 0 ? 'has not answered' : 'has answered'}`, async t => {
		const {observer, seen} = noting({onFarEndAnswered: 'answered'});
		const {outcome} = await openCommand(t, far, {observer});
		await outcome.catch(() => undefined);
		t.is(seen.length, responses);
	});
}

test('a connection that ends silently has an unknown leg while the apiserver responds', async t => {
	for (const [far, message] of [
		[(far: FarSide) => far.socket.end(), /unknown.*leg 2.*leg 1/],
		[prints(), /\(leg 2\) was lost/],
	] as const) {
		const {outcome} = await openCommand(t, far);
		await t.throwsAsync(outcome as Promise<number>, {message});
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
		const {observer, seen} = noting({onFarEndAnswered: 'answered', onFailed: 'failed'});
		await t.throwsAsync(openCommand(t, ends(), {server: {refuse: () => ({status: 500, body})}, observer}), {code});
		t.is(seen[0], first);
	});
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
