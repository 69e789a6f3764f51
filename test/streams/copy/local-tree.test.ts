import {rm} from 'node:fs/promises';
import {join} from 'node:path';
import test from 'ava';
import {LocalTree} from '../../../source/streams/copy/local-tree.ts';
import {temporaryDirectory} from '../../support/temporary-directory.ts';

test('a file is discarded although its directory was removed', async t => {
	const root = await temporaryDirectory(t);
	const tree = await LocalTree.open(root);
	t.teardown(async () => tree.close());
	const [directory, path] = [[Buffer.from('d')], [Buffer.from('d'), Buffer.from('a')]];
	await tree.createDirectory(directory, 0o700);
	const file = await tree.createFile(path, null);
	await tree.directory([]);
	await rm(join(root, 'd'), {recursive: true});
	await tree.discardFile(file, path);
	await t.throwsAsync(file.write(Buffer.from('x')), undefined, 'it is closed');
});
