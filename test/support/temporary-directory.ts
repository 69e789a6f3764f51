/** A directory of a test, deleted with its content when the test ends. */
import {mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import type {ExecutionContext} from 'ava';

export async function temporaryDirectory(t: Pick<ExecutionContext, 'teardown'>): Promise<string> {
	const path = await mkdtemp(join(tmpdir(), 'spoke-test-'));
	t.teardown(async () => rm(path, {recursive: true, force: true}));
	return path;
}
