/** Opens text in $PAGER or $EDITOR, and a URL in $BROWSER. */
import {mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import process from 'node:process';
import type {Session} from '../frame/session.ts';
import {writeNewFile} from '../frame/save-as.ts';

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
	const directory = await mkdtemp(join(tmpdir(), 'spoke-'));
	const path = join(directory, name);
	try {
		await writeNewFile(path, texts);
		const [program = 'less', ...given] = command.split(/\s+/);
		const takesLine = /(?:^|\/)(?:less|vi|vim|nvim|nano|emacs|ed)$/.test(program);
		const {execa} = await import('execa');
		const result = await session.withTerminal(async () =>
			execa(program, [...given, ...(takesLine ? [`+${line}`] : []), path], {stdio: 'inherit', reject: false}),
		);
		if (didNotStart(result)) {
			const name = kind === 'pager' ? 'PAGER' : 'VISUAL or EDITOR';
			session.showMessage(
				result.code === 'ENOENT'
					? `${program} not found: set ${name} to an installed program`
					: `could not start ${program}: ${result.originalMessage ?? result.shortMessage}`,
				'error',
			);
		}
	} finally {
		await rm(directory, {recursive: true, force: true});
	}
}

/** The browser outlives the session. Resolves when it has exited; it can exit at once, or with its last window. */
export async function openInBrowser(session: Pick<Session, 'env' | 'copy' | 'showMessage'>, url: string): Promise<void> {
	const program = session.env['BROWSER'] || (process.platform === 'darwin' ? 'open' : 'xdg-open');
	const {execa} = await import('execa');
	const browser = execa(program, [url], {stdio: 'ignore', detached: true, reject: false});
	browser.nodeChildProcess.once('spawn', () => {
		session.showMessage(`opened ${url}`);
	});
	browser.nodeChildProcess.unref();
	const result = await browser;
	if (didNotStart(result)) {
		session.copy(url, url);
		session.showMessage(`could not start a browser; copied ${url}`, 'warn');
	}
}

function didNotStart({failed, exitCode, isTerminated}: {failed: boolean; exitCode?: number | undefined; isTerminated: boolean}): boolean {
	return failed && exitCode === undefined && !isTerminated;
}
