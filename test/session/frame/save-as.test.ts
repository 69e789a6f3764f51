/** Saved files. */
import {readdir, readFile, stat, symlink} from 'node:fs/promises';
import {join} from 'node:path';
import test from 'ava';
import {auditHandlers} from '../../../source/session/audit/audit-handlers.ts';
import {expandHome, toFileName, writeNewFile} from '../../../source/session/frame/save-as.ts';
import type {TextPromptOptions} from '../../../source/session/frame/session.ts';
import {fakeSession} from '../../support/fake-session.ts';
import {temporaryDirectory} from '../../support/temporary-directory.ts';

test('a file name has no slash, whatever the context or target is called', t => {
	t.is(toFileName('arn:aws:eks:eu-west-1:1234:cluster/prod', 'cluster'), 'arn-aws-eks-eu-west-1-1234-cluster-prod');
	t.is(toFileName('-l app in (a, b)', 'tail'), 'l-app-in-a-b');
	t.is(toFileName('../..', 'tail'), 'tail');
});

test('a file name fits the limit with its date', t => {
	t.true(Buffer.byteLength(`${toFileName(`-l app in (${'api,'.repeat(200)})`, 'tail')}-2026-11-26T164500.log`) <= 255);
	t.is(toFileName('x'.repeat(300), 'tail').length, toFileName('y'.repeat(400), 'tail').length);
});

test('an incomplete file is removed', async t => {
	const folder = await temporaryDirectory(t);
	const path = join(folder, 'tail.log');
	await t.throwsAsync(
		writeNewFile(
			path,
			(function* () {
				yield 'x'.repeat(300 * 1024);
				throw new Error('no space left on device');
			})(),
		),
		{message: 'no space left on device'},
	);
	t.deepEqual(await readdir(folder), []);
	t.is(await writeNewFile(path, ['again\n']), 1);
	await symlink(join(folder, 'nowhere'), join(folder, 'link'));
	await t.throwsAsync(writeNewFile(join(folder, 'link'), ['x']), {message: 'the file already exists; type another name'});
	t.deepEqual(await readdir(folder), ['link', 'tail.log'], 'nothing is written through a link');
});

test('a report of a context with a slash is saved in the home directory', async t => {
	const asked = Promise.withResolvers<TextPromptOptions>();
	const session = fakeSession({
		store: {state: {audit: {found: {cluster: {context: 'default/api-corp:6443/ada'}}}}},
		async promptForText(options: TextPromptOptions) {
			asked.resolve(options);
			return null;
		},
	});
	await auditHandlers['audit/save'](session);
	const {text} = await asked.promise;
	t.regex(text!, /^~\/audit-default-api-corp-6443-ada-\d{4}-\d\d-\d\d\.json$/);
	t.is(expandHome(text!, {HOME: '/home/ada'}), join('/home/ada', text!.slice(2)));
});

test('a file is complete, private, and overwrites nothing', async t => {
	const folder = await temporaryDirectory(t);
	const path = join(folder, 'of', 'a', 'tail.log');
	const line = `${'é'.repeat(1000)}\n`;
	t.is(
		await writeNewFile(
			path,
			Array.from({length: 1000}, () => line),
		),
		1000,
	);
	t.is(await readFile(path, 'utf8'), line.repeat(1000));
	t.is((await stat(path)).mode & 0o777, 0o600);
	await t.throwsAsync(writeNewFile(path, ['other']), {message: 'the file already exists; type another name'});
});
