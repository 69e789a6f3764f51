/** Where a crash is written down, so that the terminal gets one line. */
import {mkdir, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {isAbsolute, join} from 'node:path';
import process from 'node:process';
import {version} from '../version.ts';

/** The report's path, or `null` when it could not be written. It holds no credentials: a stack and versions. */
export async function writeCrashReport(error: unknown, env: NodeJS.ProcessEnv): Promise<string | null> {
	const {XDG_STATE_HOME: states = '', HOME: home = ''} = env;
	const state = isAbsolute(states) ? states : (home === '' ? tmpdir() : join(home, '.local', 'state'));
	const folder = join(state, 'spoke');
	const path = join(folder, `crash-${new Date().toISOString().replaceAll(':', '')}.txt`);
	const text = `spoke ${version}, Node ${process.versions.node}, ${process.platform}, TERM=${env['TERM'] ?? ''}\n\n${error instanceof Error ? error.stack ?? error.message : String(error)}\n${error instanceof Error && error.cause instanceof Error ? `\ncause: ${error.cause.stack ?? error.cause.message}\n` : ''}`;
	try {
		await mkdir(folder, {recursive: true, mode: 0o700});
		await writeFile(path, text, {mode: 0o600});
		return path;
	} catch {
		return null;
	}
}
