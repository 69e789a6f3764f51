import {PassThrough, Readable} from 'node:stream';
import test from 'ava';
import type {SpokeError} from '../../../source/base/errors/spoke-error.ts';
import type {SourceEntry} from '../../../source/streams/copy/copy-passes.ts';
import {encodeName} from '../../../source/streams/copy/copy-program.ts';
import {CopySession} from '../../../source/streams/copy/copy-session.ts';
import {listSource, unsafeLinkReason} from '../../../source/streams/copy/remote-source.ts';

const facts = '81a4 1 1700000000\n';

/** Of files in a directory, one in each batch. */
function listing(names: readonly string[], eachFacts = facts): string {
	return `${names.map(name => `N 1\nr${name}\0\0${eachFacts}`).join('')}E\n`;
}

async function list(listed: string, limits: Partial<NonNullable<Parameters<typeof listSource>[1]>> = {}): Promise<SourceEntry[]> {
	const command = {
		stdin: new PassThrough(),
		stdout: Readable.from([Buffer.from(listed)]),
		stderr: new PassThrough(),
		outcome: Promise.resolve(0),
		close() {},
	};
	const session = new CopySession(command, {signal: new AbortController().signal});
	return listSource(session, {bytes: 1e6, entries: 1e6, ...limits});
}

const names = ['./a', './b/c', './b/d'];
const longFacts = `81a4 1 ${'1'.repeat(9000)}\n`;

for (const [title, listed, limits] of [
	['entries', listing(names), {entries: 3}],
	['bytes', listing(names), {bytes: listing(names).length}],
	['bytes of lines that are not kept', listing(names, longFacts), {bytes: listing(names, longFacts).length}],
] as const) {
	test(`a container can list no more ${title} than the limit`, async t => {
		await t.notThrowsAsync(list(listed, limits));
		const lower = Object.fromEntries(Object.entries(limits).map(([name, limit]) => [name, limit - 1]));
		const error = await t.throwsAsync<SpokeError>(list(listed, lower));
		t.like(error, {code: 'ERR_PROTOCOL', message: 'the copy program in the container listed more than spoke can hold'});
	});
}

test('a name has at most as many bytes as a path of Linux, after the letter of its kind', async t => {
	const path = `./${'d/'.repeat(2046)}x`;
	t.is(path.length, 4095);
	t.is((await list(listing([path])))[0]?.path.length, 4093);
	await t.throwsAsync(list(listing([`${path}x`])), {message: /a line that is too long/});
	await t.throwsAsync(list(`N 1\nr./a\0${'x'.repeat(4097)}\0${facts}E\n`), {message: /a line that is too long/});
});

const reason = (path: string, target: string) => unsafeLinkReason(path, target);

test('a link may stay inside the destination', t => {
	for (const [path, target] of [
		['a', 'b'],
		['a', '.'],
		['a', './b//c'],
		['d/a', '../b'],
		['d/e/a', '../../b'],
		['d/e/a', '../..'],
		['a', '...'],
	] as const) {
		t.is(reason(path, target), null, `${path} -> ${target}`);
	}
});

test('a link that leads out, or could through a second one, is refused', t => {
	for (const [path, target] of [
		['a', '..'],
		['a', '../b'],
		['d/a', '../../b'],
		['d/a', './../../b'],
		['a', '/etc'],
		['d/e/a', 'b/..'],
		['d/e/a', '../b/../..'],
		['a', ''],
	] as const) {
		t.is(typeof reason(path, target), 'string', `${path} -> ${target}`);
	}
});

test('a name reaches the program only in letters that a shell does not read', t => {
	t.is(encodeName('/srv/a-b_c.txt'), '/srv/a-b_c.txt');
	t.is(encodeName('a b\n$\'"\\*'), String.raw`a\0040b\0012\0044\0047\0042\0134\0052`);
	t.is(encodeName('\u00FF\u00C3\u00A9'), String.raw`\0377\0303\0251`);
	t.regex(encodeName(String.fromCodePoint(...Array.from({length: 255}, (_, index) => index + 1))), /^[\w./,:@%+=\\-]+$/);
});
