/** Input that a command did not wait for. */
import fs, {type ReadStream} from 'node:fs';
import {writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import process from 'node:process';
import {PassThrough, Writable} from 'node:stream';
import test, {type ExecutionContext} from 'ava';
import {driveRemoteCommand} from '../../../source/commands/remote-command/drive-remote-command.ts';
import type {RemoteCommand} from '../../../source/streams/remote-command/open-remote-command.ts';
import {temporaryDirectory} from '../../support/temporary-directory.ts';

/** A file whose reads take `readMs` each. */
async function slowFile(t: ExecutionContext, {bytes, readMs}: {bytes: number; readMs: number}): Promise<ReadStream> {
	const name = join(await temporaryDirectory(t), 'input');
	await writeFile(name, Buffer.alloc(bytes));
	const read = (...request: Parameters<typeof fs.read>) => {
		setTimeout(() => {
			fs.read(...request);
		}, readMs);
	};

	return fs.createReadStream('', {fd: fs.openSync(name, 'r'), fs: {read, open: fs.open, close: fs.close}});
}

/** Takes all input and ends with it, or takes none and ends at once. */
function command({endsAtOnce}: {endsAtOnce: boolean}): RemoteCommand {
	const stdin = endsAtOnce ? new Writable({write() {}}) : new PassThrough().resume();
	const stdout = new PassThrough().resume();
	const ended = Promise.withResolvers<number>();
	const end = () => {
		stdout.end();
		ended.resolve(0);
	};

	if (endsAtOnce) {
		end();
	} else {
		stdin.on('end', end);
	}

	return {stdin, stdout, stderr: null, outcome: ended.promise, resize() {}, close() {}} as unknown as RemoteCommand;
}

for (const [title, bytes, endsAtOnce, hasUnsentInput] of [
	['a file that is slow to read is unsent when the command ends before its first bytes', 10, true, true],
	['an empty file that is slow to read is not unsent', 0, true, false],
	['a file that was sent to its end is not unsent', 10, false, false],
] as const) {
	test(title, async t => {
		const stdin = (await slowFile(t, {bytes, readMs: 100})) as unknown as NodeJS.ReadStream;
		const invocation = {stdin, stdout: process.stdout, stderr: process.stderr, interrupted: new AbortController().signal};
		const result = await driveRemoteCommand(command({endsAtOnce}), invocation, {tty: false, detachKeys: null});
		t.like(result, {hasUnsentInput, exitStatus: 0});
	});
}

test('a file that cannot be read further is reported, and ends the input', async t => {
	const stdin = await slowFile(t, {bytes: 10, readMs: 0});
	const invocation = {
		stdin: stdin as unknown as NodeJS.ReadStream,
		stdout: process.stdout,
		stderr: process.stderr,
		interrupted: new AbortController().signal,
	};
	const driving = driveRemoteCommand(command({endsAtOnce: false}), invocation, {tty: false, detachKeys: null});
	stdin.destroy(new Error('EIO: i/o error, read'));
	t.like(await driving, {inputProblem: 'EIO: i/o error, read', exitStatus: 0});
});
