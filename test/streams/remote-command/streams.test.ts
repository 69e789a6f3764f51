/** Unchanged bytes, backpressure and independent ends. */
import {createHash, randomBytes} from 'node:crypto';
import {once} from 'node:events';
import {setTimeout as delay} from 'node:timers/promises';
import test, {type ExecutionContext} from 'ava';
import {type CommandScript, exitCode, type FarSide} from '../../support/command-server.ts';
import {receivedBytes, receivedText} from '../../support/read-stream.ts';
import {carriers, openCommand} from '../../support/remote-command.ts';
import {until} from '../../support/until.ts';

for (const carrier of carriers) {
	const open = async (t: ExecutionContext, script: CommandScript, {tty = false} = {}) =>
		openCommand(t, script, {carrier, stdin: true, tty, drains: false});

	test(`all 256 byte values return unchanged on separate outputs (${carrier})`, async t => {
		const command = await open(t, async far => {
			const all = await receivedBytes(far.stdin);
			far.stdout(all);
			far.stderr(Buffer.from(all).reverse());
			far.end(exitCode(3));
		});
		const sent = Buffer.from(Array.from({length: 256}, (_, byte) => byte));
		command.stdin!.end(sent);
		const [out, errors, status] = await Promise.all([receivedBytes(command.stdout), receivedBytes(command.stderr!), command.outcome]);
		t.deepEqual([out, errors, status], [sent, Buffer.from(sent).reverse(), 3]);
	});

	test(`20 MB through stdin keep their hash, however slowly the far end reads (${carrier})`, async t => {
		const command = await open(t, async far => {
			const hash = createHash('sha256');
			let pieces = 0;
			for await (const piece of far.stdin as AsyncIterable<Buffer>) {
				hash.update(piece);
				pieces++;
				if (pieces % 64 === 0) {
					await delay(2);
				}
			}

			far.stdout(hash.digest('hex'));
			far.end();
		});
		const block = randomBytes(1 << 20);
		const hash = createHash('sha256');
		const output = receivedText(command.stdout);
		void receivedText(command.stderr!);
		for (let round = 0; round < 20; round++) {
			hash.update(block);
			if (!command.stdin!.write(block)) {
				await once(command.stdin!, 'drain');
			}
		}

		command.stdin!.end();
		t.is(await command.outcome, 0);
		t.is(await output, hash.digest('hex'));
	});

	test(`a paused reader pauses the far end and receives everything later (${carrier})`, async t => {
		let written = 0;
		const command = await open(t, async far => {
			const block = Buffer.alloc(64 * 1024, 'x');
			for (let round = 0; round < 512; round++) {
				far.stdout(block);
				written += block.length;
				await until(() => far.backlog() <= 256 * 1024, far.backlog);
			}

			far.end();
		});
		void receivedText(command.stderr!);
		await delay(700);
		t.true(written < 24 * 1024 * 1024, `${written} bytes were taken from a far side whose reader stands still`);
		t.is((await receivedBytes(command.stdout)).length, 512 * 64 * 1024);
		t.is(await command.outcome, 0);
	});

	test(`output received before the end can be read after it (${carrier})`, async t => {
		const command = await open(t, far => {
			far.stdout(Buffer.alloc(50_000, 'x'));
			far.stderr(Buffer.alloc(50_000, 'y'));
			far.end();
		});
		await delay(300);
		const [out, errors, status] = await Promise.all([receivedBytes(command.stdout), receivedBytes(command.stderr!), command.outcome]);
		t.deepEqual([out.length, errors.length, status], [50_000, 50_000, 0]);
	});

	test(`output received before an interruption can be read, however slowly (${carrier})`, async t => {
		const command = await open(t, async far => {
			for (let round = 0; round < 100; round++) {
				far.stdout(Buffer.alloc(64 * 1024, 'x'));
			}

			await until(() => far.backlog() === 0, far.backlog);

			far.socket.end();
		});
		void receivedText(command.stderr!);
		let got = 0;
		command.outcome.catch(() => {});
		try {
			for await (const piece of command.stdout as AsyncIterable<Buffer>) {
				got += piece.length;
				await delay(3);
			}
		} catch {}

		t.is(got, 100 * 64 * 1024);
		await t.throwsAsync(command.outcome as Promise<number>, {code: 'ERR_STREAM_LOST'});
	});

	test(`a command that exits before its input ends without an error (${carrier})`, async t => {
		const command = await open(t, far => {
			far.stdout('x');
			far.end();
		});
		void receivedText(command.stderr!);
		const output = receivedText(command.stdout);
		command.stdin!.on('error', () => {});
		const block = Buffer.alloc(1 << 20);
		for (let round = 0; round < 20 && command.stdin!.writable; round++) {
			command.stdin!.write(block);
			await delay(1);
		}

		t.is(await command.outcome, 0);
		t.is(await output, 'x');
	});

	test(`the last of a thousand sizes arrives (${carrier})`, async t => {
		let far: FarSide | undefined;
		const command = await open(
			t,
			async side => {
				far = side;
				await until(() => side.sizes.at(-1)?.Width === 1000, side.sizes);

				side.end();
			},
			{tty: true},
		);
		t.is(command.stderr, null);
		void receivedText(command.stdout);
		for (let columns = 1; columns <= 1000; columns++) {
			command.resize({columns, rows: 50});
		}

		t.is(await command.outcome, 0);
		t.deepEqual(far!.sizes.at(-1), {Width: 1000, Height: 50});
	});

	test(`closing is not a failure (${carrier})`, async t => {
		const command = await open(t, far => {
			far.stdout('prompt');
		});
		void receivedText(command.stdout);
		void receivedText(command.stderr!);
		await delay(20);
		command.close();
		t.is(await command.outcome, 'closed');
	});
}
