import {createPublicKey, generateKeyPairSync, type KeyObject} from 'node:crypto';
import {closeSync, fstatSync, openSync} from 'node:fs';
import {chmod, lstat, readFile, rm, symlink, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {checkTranscript, type TranscriptCheck} from '../../source/transcripts/check-transcript.ts';
import {LineChain, transcriptFormat} from '../../source/transcripts/transcript.ts';
import {ensureTranscriptKey, readTranscriptKey, transcriptKeyPath} from '../../source/transcripts/transcript-key.ts';
import {TranscriptWriter} from '../../source/transcripts/transcript-writer.ts';
import {temporaryDirectory} from '../support/temporary-directory.ts';

const {privateKey} = generateKeyPairSync('ed25519');
const own = createPublicKey(privateKey);
const other = generateKeyPairSync('ed25519');

const recording = {
	format: transcriptFormat,
	version: '0.0.0',
	recordedAt: '2026-11-24T14:00:00.123Z',
	user: {name: 'ada', from: 'apiserver' as const},
	cluster: {context: 'lab', server: 'https://127.0.0.1:6443'},
	target: {name: 'web', namespace: 'default', container: 'app', node: 'n1'},
	command: ['ls', '-l'],
	stdin: false,
	tty: false,
	inputRecorded: false,
	requirements: [],
};

async function folderOf(t: Pick<ExecutionContext, 'teardown'>): Promise<string> {
	const folder = await temporaryDirectory(t);
	return folder;
}

async function recordedFile(t: Pick<ExecutionContext, 'teardown'>, key: KeyObject | null = privateKey): Promise<Buffer> {
	const file = join(await folderOf(t), 'a.cast');
	const writer = new TranscriptWriter(file, {
		privateKey: key,
		onFailure(error) {
			throw error;
		},
	});
	writer.begin({width: 80, height: 24, command: 'ls -l', env: {}}, recording);
	writer.request({kind: 'TranscriptRequest', carrier: 'websocket', status: 101, auditId: {sent: 'id-1', answered: null}});
	writer.data('stdout', Buffer.from('one\n\u001B[1m two\u001B[0m'), {raw: false});
	writer.data('stdout', Buffer.from('é').subarray(0, 1), {raw: false});
	writer.data('stdout', Buffer.from('é').subarray(1), {raw: false});
	writer.end({how: 'exited', remoteExitStatus: 0, error: null}, {inputRecorded: false});
	return readFile(file);
}

test('what a transcript receives after its end changes no file', async t => {
	const folder = await folderOf(t);
	const file = join(folder, 'a.cast');
	const writer = new TranscriptWriter(file, {privateKey, onFailure: error => t.fail(error.message)});
	writer.begin({width: 80, height: 24, command: 'ls', env: {}}, recording);
	const end = () => {
		writer.end({how: 'exited', remoteExitStatus: 0, error: null}, {inputRecorded: false});
	};

	end();
	// These get the lowest free descriptors, and so that of the transcript.
	const others = Array.from({length: 20}, (_, index) => ({
		path: join(folder, String(index)),
		fd: openSync(join(folder, String(index)), 'w'),
	}));
	const ended = await readFile(file);
	writer.data('stdout', Buffer.from('late'), {raw: false});
	writer.path({});
	writer.resize({columns: 1, rows: 1});
	end();
	for (const {path, fd} of others) {
		t.is(fstatSync(fd).size, 0, path);
		closeSync(fd);
	}

	t.deepEqual(await readFile(file), ended);
});

async function check(bytes: Buffer, known: {named?: KeyObject; own?: KeyObject} = {own}): Promise<TranscriptCheck> {
	return checkTranscript(
		(async function* () {
			yield bytes;
		})(),
		{named: known.named ?? null, own: known.own ?? null},
	);
}

function linesOf(file: Buffer): string[] {
	return file
		.toString()
		.trimEnd()
		.split('\n')
		.map(line => `${line}\n`);
}

/** With each line changed, and the chain and its seals made anew. */
function chainedAgain(file: Buffer, key: KeyObject, change: (line: string) => string): Buffer {
	const chain = new LineChain();
	return Buffer.concat(
		linesOf(file).map(line => {
			const time = /^\[([\d.]+), "s", .*TranscriptSeal/.exec(line)?.[1];
			const bytes = time === undefined ? Buffer.from(change(line)) : chain.seal(time, key);
			chain.add(bytes);
			return bytes;
		}),
	);
}

test('a complete transcript is verified, and says who, what and how it ended', async t => {
	const checked = await check(await recordedFile(t));
	t.like(checked, {state: 'verified', signedBy: {known: 'own'}, end: {how: 'exited', remoteExitStatus: 0, stdout: {bytes: 18}}});
	t.is(checked.recording?.user?.name, 'ada');
	t.is(checked.requests[0]?.auditId.sent, 'id-1');
});

test('no transcript with a changed byte is verified', async t => {
	const file = await recordedFile(t);
	for (const flip of [0x01, 0x20, 0x80]) {
		for (let index = 0; index < file.length; index++) {
			const changed = Buffer.from(file);
			changed[index]! ^= flip;
			const {state} = await check(changed);
			if (state === 'verified') {
				t.fail(`byte ${index} ^ ${flip}: ${file.subarray(Math.max(0, index - 20), index + 20).toString()}`);
			}
		}
	}

	t.is((await check(file)).state, 'verified');
});

test('no transcript with a removed, repeated, swapped or added line is verified', async t => {
	const lines = linesOf(await recordedFile(t));
	for (const index of lines.keys()) {
		const [before, line, after] = [lines.slice(0, index), lines[index]!, lines.slice(index + 1)];
		for (const changed of [
			[...before, ...after],
			[...before, line, line, ...after],
			[...before, ...after.slice(0, 1), line, ...after.slice(1)],
			[...before, '[0.000000, "o", "x"]\n', line, ...after],
			[...before, '\n', line, ...after],
		].filter(changed => changed.join('') !== lines.join(''))) {
			t.not((await check(Buffer.from(changed.join('')))).state, 'verified', `${index}: ${changed.join('')}`);
		}
	}

	for (const more of ['\n', ' ', '[9.000000, "o", "x"]\n', lines.at(-1)!]) {
		t.not((await check(Buffer.from(lines.join('') + more))).state, 'verified', more);
	}
});

test('no transcript that is cut is verified, and the lines before the last seal are still proven', async t => {
	const file = await recordedFile(t);
	for (let length = 0; length < file.length; length++) {
		t.not((await check(file.subarray(0, length))).state, 'verified', `${length}`);
	}

	const checked = await check(Buffer.from(linesOf(file).slice(0, 4).join('')));
	t.like(checked, {state: 'incomplete', lines: 4, sealedLines: 1, recording: {user: {name: 'ada'}}, requests: [], end: null});
});

test('a transcript that someone chained again without the key is changed', async t => {
	const forged = chainedAgain(await recordedFile(t), other.privateKey, line => line.replace('two', 'TWO'));
	t.is((await check(forged)).state, 'changed');
});

test('a transcript with another key in its header is not verified', async t => {
	const file = await recordedFile(t, other.privateKey);
	t.like(await check(file), {state: 'unknown-key', signedBy: {known: null}});
	t.like(await check(file, {named: own}), {state: 'other-key'});
	t.like(await check(file, {named: other.publicKey, own}), {state: 'verified', signedBy: {known: 'named'}});
	t.like(await check(file, {}), {state: 'unknown-key'});
});

test('a transcript without a signature is only consistent', async t => {
	const file = await recordedFile(t, null);
	t.like(await check(file), {state: 'unsigned', signedBy: null});
	t.is((await check(file, {named: own})).state, 'other-key');
	t.is((await check(Buffer.from(file.toString().replace('two', 'TWO')))).state, 'changed');
});

test('a signed transcript of another shape is none, or incomplete', async t => {
	const file = await recordedFile(t);
	const resealed = (change: (line: string) => string) => chainedAgain(file, privateKey, change);
	t.is((await check(resealed(line => line))).state, 'verified');
	t.is((await check(resealed(line => line.replace('"target":{', '"target":null,"x":{')))).state, 'not-a-transcript');
	t.is((await check(resealed(line => line.replace('"name":"ada"', '"name":1')))).state, 'not-a-transcript');
	t.is((await check(resealed(line => line.replace('exited', 'ended')))).state, 'incomplete');
});

test('what is no transcript is said to be none', async t => {
	for (const text of ['', '\n', '{}\n', '{"version":2,"width":80,"height":24}\n[1, "o", "x"]\n', 'x'.repeat(100)]) {
		t.is((await check(Buffer.from(text))).state, 'not-a-transcript', text);
	}
});

test('recorded output has whole characters, and carriage returns without a terminal', async t => {
	const lines = linesOf(await recordedFile(t));
	const [header, ...events] = lines.map(line => JSON.parse(line) as unknown);
	t.like(header, {version: 2, width: 80, height: 24, timestamp: 1795528800, command: 'ls -l'});
	t.deepEqual(
		(events as Array<[number, string, string]>).filter(([, code]) => code === 'o').map(([, , text]) => text),
		['one\r\n\u001B[1m two\u001B[0m', 'é'],
	);
});

test('a transcript never replaces a file and follows no link', async t => {
	const folder = await folderOf(t);
	const [file, link] = [join(folder, 'a.cast'), join(folder, 'link.cast')];
	await symlink(file, link);
	const open = (path: string) => new TranscriptWriter(path, {privateKey, onFailure: () => {}});
	t.throws(() => open(link), {message: /link\.cast exists already/});
	open(file);
	t.is((await lstat(file)).mode & 0o777, 0o600);
	t.throws(() => open(file), {message: /a\.cast exists already/});
});

test('the key is created once, private, and refused when others can read it or it is a link', async t => {
	const env = {HOME: await folderOf(t)};
	const path = transcriptKeyPath(env)!;
	t.is(readTranscriptKey(env), null);
	const created = ensureTranscriptKey(env)!;
	t.true(created.equals(ensureTranscriptKey(env)!));
	t.is((await lstat(path)).mode & 0o777, 0o600);
	await chmod(path, 0o640);
	t.throws(() => ensureTranscriptKey(env), {message: /others can access the transcript key/});
	await chmod(path, 0o600);
	await rm(path);
	await writeFile(`${path}.real`, created.export({type: 'pkcs8', format: 'pem'}), {mode: 0o600});
	await symlink(`${path}.real`, path);
	t.throws(() => ensureTranscriptKey(env), {message: /cannot open the transcript key/});
	t.is(ensureTranscriptKey({}), null);
});
