import {rm} from 'node:fs/promises';
import {join} from 'node:path';
import test from 'ava';
import {LocalTree} from '../../../source/streams/copy/local-tree.ts';
import {temporaryDirectory} from '../../support/temporary-directory.ts';

test('a file is discarded although its directory was removed', async t => {
	const root = await temporaryDirectory(t);
	const tree = await LocalTree.open(root);
	t.teardown(async () => tree.close());
	await tree.createDirectory('d', 0o700);
	const file = await tree.createFile('d/a', 0o600);
	await tree.createDirectory('e', 0o700);
	await rm(join(root, 'd'), {recursive: true});
	t.is(await file.discard(), 0);
	await t.throwsAsync(file.write(Buffer.from('x')), undefined, 'it is closed');
});
