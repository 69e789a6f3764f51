/** Opens text in $PAGER or $EDITOR. */
import {mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import type {Session} from '../session.ts';
import {writeNewFile} from '../write-new-file.ts';

/** `line` counts from 1. */
export async function openInProgram(
	session: Session,
	kind: 'pager' | 'editor',
	texts: Iterable<string>,
	line: number,
	name = 'lines.log',
): Promise<void> {
	const {env} = session;
	const command = (kind === 'pager' ? env['PAGER'] || 'less -R' : env['VISUAL'] || env['EDITOR'] || 'vi').trim();
	const folder = await mkdtemp(join(tmpdir(), 'spoke-'));
	const path = join(folder, name);
	try {
		await writeNewFile(path, texts);
		const [program = 'less', ...given] = command.split(/\s+/);
		const takesLine = /(?:^|\/)(?:less|vi|vim|nvim|nano|emacs|ed)$/.test(program);
		const {execa} = await import('execa');
		const result = await session.withTerminal(async () =>
			execa(program, [...given, ...(takesLine ? [`+${line}`] : []), path], {stdio: 'inherit', reject: false}),
		);
		if (result.failed && result.exitCode === undefined && !result.isTerminated) {
			const name = kind === 'pager' ? 'PAGER' : 'VISUAL or EDITOR';
			session.tell(
				result.code === 'ENOENT'
					? `${program} not found: set ${name} to an installed program`
					: `could not start ${program}: ${result.originalMessage ?? result.shortMessage}`,
				'error',
			);
		}
	} finally {
		await rm(folder, {recursive: true, force: true});
	}
}
