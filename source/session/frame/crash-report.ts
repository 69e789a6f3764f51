/** Crash report files. */
import {mkdir, mkdtemp, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import process from 'node:process';
import {stateDirectory} from '../../command-line/config-directory.ts';
import {version} from '../../version.ts';

/** Returns the path, or `null` if the write failed. Contains no credentials. */
export async function writeCrashReport(error: unknown, env: NodeJS.ProcessEnv): Promise<string | null> {
	const from = `spoke ${version}, Node ${process.versions.node}, ${process.platform}, TERM=${env['TERM'] ?? ''}`;
	const cause = error instanceof Error && error.cause instanceof Error ? `\ncause: ${stackOf(error.cause)}\n` : '';
	const text = `${from}\n\n${stackOf(error)}\n${cause}`;
	try {
		const path = join(await folderOf(env), `crash-${new Date().toISOString().replaceAll(':', '')}.txt`);
		await writeFile(path, text, {mode: 0o600});
		return path;
	} catch {
		return null;
	}
}

function stackOf(error: unknown): string {
	return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

async function folderOf(env: NodeJS.ProcessEnv): Promise<string> {
	const directory = stateDirectory(env);
	if (directory === null) {
		// A predictable name in a shared directory could be a link that another user placed.
		return mkdtemp(join(tmpdir(), 'spoke-'));
	}

	await mkdir(directory, {recursive: true, mode: 0o700});
	return directory;
}
