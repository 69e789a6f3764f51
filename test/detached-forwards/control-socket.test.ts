import {stat} from 'node:fs/promises';
import {connect} from 'node:net';
import {once} from 'node:events';
import {dirname, join} from 'node:path';
import test from 'ava';
import {sendControlRequest, chooseSocketPath, serveControl} from '../../source/detached-forwards/control-socket.ts';
import {temporaryDirectory} from '../support/temporary-directory.ts';

test('a request gets the response of its handler, and only the user can send one', async t => {
	const path = join(await temporaryDirectory(t), 'a.sock');
	const server = await serveControl(path, {status: () => ({context: 'lab', forwards: []}), stop: () => ({pid: 7})});
	t.teardown(() => {
		server.close();
	});
	t.is((await stat(path)).mode & 0o777, 0o600);
	t.deepEqual(await sendControlRequest(path, 'status'), {context: 'lab', forwards: []});
	t.deepEqual(await sendControlRequest(path, 'stop'), {pid: 7});
	for (const text of ['no JSON\n', '{"request":"nosuch"}\n', 'x'.repeat(5000)]) {
		const socket = connect(path);
		socket.on('error', () => undefined).end(text);
		await once(socket.resume(), 'close');
	}

	t.deepEqual(await sendControlRequest(path, 'stop'), {pid: 7}, 'it still responds');
});

test('a request to a forward that is gone fails', async t => {
	await t.throwsAsync(sendControlRequest(join(await temporaryDirectory(t), 'none.sock'), 'status'), {code: 'ENOENT'});
});

test('a socket path of more than 103 bytes is replaced by one in a private directory', async t => {
	const temporary = await temporaryDirectory(t);
	const directory = (bytes: number) => `/${'d'.repeat(bytes - '/'.length - '/01234567.sock'.length)}`;
	t.is(await chooseSocketPath(directory(103), '01234567', temporary), `${directory(103)}/01234567.sock`);
	const other = await chooseSocketPath(directory(104), '01234567', temporary);
	t.is(dirname(dirname(other)), temporary);
	t.is((await stat(dirname(other))).mode & 0o777, 0o700);
	await t.throwsAsync(chooseSocketPath(directory(104), '01234567', `${temporary}/${'t'.repeat(100)}`), {code: 'ERR_LOCAL_FILE'});
});
