/** End and exit status of a session. */
import {PassThrough} from 'node:stream';
import test from 'ava';
import {SessionEnd} from '../../../source/session/frame/session-end.ts';

function watched() {
	const end = new SessionEnd();
	const [stdin, stdout] = [new PassThrough(), new PassThrough()];
	const told = new AbortController();
	end.watch({stdin: stdin as unknown as NodeJS.ReadStream, stdout: stdout as unknown as NodeJS.WriteStream, interrupted: told.signal});
	return {end, stdin, stdout, told};
}

test('a closed terminal ends the session like SIGHUP, whichever stream reports it', async t => {
	for (const side of ['stdin', 'stdout'] as const) {
		const session = watched();
		session[side].emit('error', new Error('EIO'));
		t.is(await session.end.status, 129);
	}
});

test('a signal ends the session with its status, and the first end counts', async t => {
	const {end, told} = watched();
	told.abort('SIGTERM');
	end.end(0);
	t.is(await end.status, 143);
});
