/** Transcripts of what ran on the cluster. */
import {readFile, writeFile} from 'node:fs/promises';
import type {ExecutionContext} from 'ava';

/** A transcript is verified, and not after one byte of its output was changed. Resolves to what `verify` said before. */
export async function assertDetectsChange(
	t: ExecutionContext,
	file: string,
	verify: () => Promise<{status: number | null; stdout: string}>,
): Promise<string> {
	const intact = await verify();
	t.is(intact.status, 0, intact.stdout);
	const text = await readFile(file, 'utf8');
	const changed = text.replace(/(?<=, "o", ")[^"\\]/, byte => (byte === 'x' ? 'y' : 'x'));
	t.not(changed, text);
	await writeFile(file, changed);
	const {status, stdout} = await verify();
	t.is(status, 3, stdout);
	t.regex(stdout, /: changed: line \d+/);
	return intact.stdout;
}
