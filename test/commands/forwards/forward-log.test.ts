import {closeSync, openSync} from 'node:fs';
import {readFile} from 'node:fs/promises';
import {join} from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {ForwardLog, readLog} from '../../../source/commands/forwards/detached-forward-state.ts';
import {temporaryDirectory} from '../../support/temporary-directory.ts';

async function openLog(t: ExecutionContext, limit?: number) {
	const path = join(await temporaryDirectory(t), 'a.log');
	const descriptor = openSync(path, 'a');
	t.teardown(() => {
		closeSync(descriptor);
	});
	return {path, log: new ForwardLog(descriptor, limit)};
}

const withoutTimes = (text: string) => text.replaceAll(/^\S+Z /gm, '');

test('each line has its time', async t => {
	const {path, log} = await openLog(t);
	log.write('one\ntwo\n');
	t.regex(await readFile(path, 'utf8'), /^\d{4}-\d\d-\d\dT[\d:.]+Z one\n\S+Z two\n$/);
});

test('a log that is too large is truncated, and says so', async t => {
	const {path, log} = await openLog(t, 100);
	for (const text of ['first', 'x'.repeat(100), 'last']) {
		log.write(`${text}\n`);
	}

	t.is(withoutTimes(await readFile(path, 'utf8')), 'earlier lines dropped: the log exceeded 100 bytes\nlast\n');
});

test('a followed log has each line once, also after it was truncated', async t => {
	const {path, log} = await openLog(t, 100);
	const aborted = new AbortController();
	log.write('first\n');
	let text = '';
	let rounds = 0;
	const follows = async () => {
		rounds++;
		if (rounds === 2) {
			log.write(`${'x'.repeat(100)}\n`);
		} else if (rounds === 3) {
			log.write('last\n');
		}

		return rounds < 4;
	};

	for await (const bytes of readLog(path, {follows, signal: aborted.signal})) {
		text += bytes.toString();
	}

	t.is(withoutTimes(text), `first\n${'x'.repeat(100)}\nearlier lines dropped: the log exceeded 100 bytes\nlast\n`);
});
