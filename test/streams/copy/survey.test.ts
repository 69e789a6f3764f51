import {Readable} from 'node:stream';
import test from 'ava';
import type {SpokeError} from '../../../source/errors/spoke-error.ts';
import {ByteReader, TooLong} from '../../../source/streams/copy/byte-reader.ts';
import {surveySource, type Survey} from '../../../source/streams/copy/survey.ts';

const facts = '81a4 1 1700000000\n';

/** Of files in a directory, one in each batch. */
function listing(names: readonly string[], eachFacts = facts): string {
	return `${names.map(name => `N 1\nf${name}\0\0${eachFacts}`).join('')}E\n`;
}

async function survey(listed: string, limits: Partial<NonNullable<Parameters<typeof surveySource>[2]>> = {}): Promise<Survey> {
	const reader = new ByteReader(Readable.from([Buffer.from(`dir\n${listed}`)]));
	const session = {send() {}, line: async () => reader.line(), name: async () => reader.name()};
	return surveySource(session, '/x', {bytes: 1e6, paths: 1e6, components: 1e6, ...limits});
}

const names = ['./a', './b/c', './b/d'];
const longFacts = `81a4 1 ${'1'.repeat(9000)}\n`;

for (const [title, listed, limits] of [
	['paths', listing(names), {paths: 3}],
	['components of its paths', listing(names), {components: 8}],
	['bytes', listing(names), {bytes: listing(names).length}],
	['bytes of lines that are not kept', listing(names, longFacts), {bytes: listing(names, longFacts).length}],
] as const) {
	test(`a container can list no more ${title} than the limit`, async t => {
		await t.notThrowsAsync(survey(listed, limits));
		const lower = Object.fromEntries(Object.entries(limits).map(([name, limit]) => [name, limit - 1]));
		const error = await t.throwsAsync<SpokeError>(survey(listed, lower));
		t.like(error, {code: 'ERR_PROTOCOL', message: 'the copy program in the container listed more than spoke can hold'});
	});
}

test('a name has at most as many bytes as a path of Linux, after the letter of its kind', async t => {
	const path = `./${'d/'.repeat(2046)}x`;
	t.is(path.length, 4095);
	t.is((await survey(listing([path]))).entries[0]?.path.length, 2047);
	await t.throwsAsync(survey(listing([`${path}x`])), {instanceOf: TooLong});
	await t.throwsAsync(survey(`N 1\nl./a\0${'x'.repeat(4097)}\0${facts}E\n`), {instanceOf: TooLong});
});
