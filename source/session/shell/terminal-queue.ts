/** Serializes use of the terminal, and lends it to credential plugins, pagers and editors. */
import {mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {basename, join} from 'node:path';
import process from 'node:process';
import {setTimeout as delay} from 'node:timers/promises';
import {Semaphore} from '../../base/async/queues.ts';
import type {ClusterClient} from '../../cluster/cluster-client.ts';
import type {PluginTerminal} from '../../cluster/credentials/run-plugin.ts';
import {sanitizeLine} from '../../base/text/sanitize.ts';
import {writeNewFile} from '../frame/save-as.ts';
import type {SessionDisplay} from '../frame/session-display.ts';
import type {SessionTerminal} from '../frame/session-terminal.ts';
import type {Session} from '../frame/session.ts';
import type {Store} from '../frame/store.ts';

const waitMs = 500;

type TerminalQueueContext = {
	store: Pick<Store, 'hold' | 'release'>;
	terminal: Pick<SessionTerminal, 'handOff' | 'lend'>;
	screen: Pick<SessionDisplay, 'isTaken' | 'suspended'>;
};

export type LentTerminal = PluginTerminal & {
	wasLent: boolean;
};

export class TerminalQueue {
	readonly #context: TerminalQueueContext;
	readonly #users = new Semaphore(1);

	constructor(context: TerminalQueueContext) {
		this.#context = context;
	}

	/** Gives the terminal to another program (pager, editor, credential plugin). */
	async handOff<Result>(work: () => Promise<Result>): Promise<Result> {
		const {screen, terminal} = this.#context;
		return this.#next(async () => (screen.isTaken ? screen.suspended(async () => terminal.handOff(work)) : work()));
	}

	/** Keeps the terminal but passes all input to `onBytes`, for a remote shell. */
	async lend<Result>(onBytes: (bytes: Buffer) => void, work: () => Promise<Result>): Promise<Result> {
		const {screen, terminal} = this.#context;
		return this.#next(async () => screen.suspended(async () => terminal.lend(onBytes, work)));
	}

	/** Resolves when the queue is empty, or after `waitMs`: a pager can keep running, and spoke does not end it. */
	async waitUntilFree(): Promise<void> {
		await Promise.race([this.#users.run(async () => {}), delay(waitMs, undefined, {ref: false})]);
	}

	async #next<Result>(work: () => Promise<Result>): Promise<Result> {
		return this.#users.run(async () => {
			const {store} = this.#context;
			store.hold();
			try {
				return await work();
			} finally {
				store.release();
			}
		});
	}
}

export function pluginTerminal(session: Session): LentTerminal {
	const terminal: LentTerminal = {
		wasLent: false,
		isAvailable: true,
		isShared: true,
		async lend(command, work) {
			terminal.wasLent = true;
			return session.withTerminal(async () => {
				session.terminal.stdout.write(`spoke  ${sanitizeLine(basename(command))} logs you in; the screen returns when it exits\r\n`);
				return work();
			});
		},
		showStderr(text) {
			const line = text.trim().split('\n').at(-1) ?? '';
			if (line !== '') {
				session.showMessage(sanitizeLine(line), 'warn');
			}
		},
	};
	return terminal;
}

/** False when a signal ended the program meanwhile. */
export async function logInBeforeStart(
	access: ClusterClient,
	terminal: LentTerminal,
	{
		stdout,
		interrupted,
	}: {
		stdout: NodeJS.WriteStream;
		interrupted: AbortSignal;
	},
): Promise<boolean> {
	const timer = setTimeout(() => {
		if (!terminal.wasLent) {
			stdout.write('spoke  waiting for credentials …\r\n');
		}
	}, 300);
	try {
		await access.logIn(interrupted);
	} catch (error) {
		if (!interrupted.aborted) {
			throw error;
		}
	} finally {
		clearTimeout(timer);
	}

	return !interrupted.aborted;
}

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
