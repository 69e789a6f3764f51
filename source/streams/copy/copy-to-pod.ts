/** Copies a file or a directory from this machine to a container. */
import {basename, resolve} from 'node:path';
import {SpokeError} from '../../errors/spoke-error.ts';
import {continueAfterLoss, type CopyPass} from './continue-after-loss.ts';
import {copiedEntry, type EntryResult} from './copy-events.ts';
import {encodeName, encodePath} from './copy-program.ts';
import {type CopyOptions, type CopySession, CopySessions, requestLine, unexpected} from './copy-session.ts';
import {listLocalEntries, type LocalEntry} from './local-entries.ts';
import {joinPath} from './path-components.ts';
import {FileToSend, sendFiles} from './send-files.ts';
import {writingRemedy} from './streaming-remedy.ts';

/** How long a failed copy may take to remove its temporary files. */
const cleanUpMs = 5000;

/**
Reports each entry of the source once, also those that are not copied.
@throws SpokeError if the copy cannot start or continue
*/
export async function copyToPod(options: CopyOptions): Promise<void> {
	const copy = new CopyToPod(options, await listLocalEntries(options.source));
	try {
		await continueAfterLoss(copy, options);
	} catch (error) {
		await copy.removeTemporaryFiles();
		throw error;
	}
}

class CopyToPod implements CopyPass {
	hasStarted = false;
	readonly #options: CopyOptions;
	readonly #sessions: CopySessions;
	readonly #entries: readonly LocalEntry[];
	/** Where names are relative to, and the name of the source there. Decided once: a directory that this copy creates exists afterwards. */
	#root: {directory: string; name: Buffer} | null = null;
	#files: FileToSend[] = [];
	#reportedBytes = 0;
	/** Directories that this copy has created. */
	readonly #created = new Set<LocalEntry>();
	readonly #reported = new Set<LocalEntry>();

	constructor(options: CopyOptions, entries: readonly LocalEntry[]) {
		this.#options = options;
		this.#sessions = new CopySessions(options, 'to-pod');
		this.#entries = entries;
	}

	get doneCount(): number {
		return this.#files.filter(({isDone}) => isDone).length;
	}

	async run(): Promise<boolean> {
		await this.#inSession(async session => {
			await this.#createDirectories(session);
			await this.#sendFiles(session);
		});
		if (!this.#files.every(({isDone}) => isDone)) {
			return false;
		}

		// A file alone needs no second session.
		if (this.#entries.some(entry => !this.#reported.has(entry))) {
			await this.#inSession(async session => this.#finish(session));
		}

		return true;
	}

	/** What a lost stream has left in the container, as far as it can be reached. */
	async removeTemporaryFiles(): Promise<void> {
		const left = this.#files.filter(({wasSent, isDone}) => wasSent && !isDone);
		if (left.length > 0) {
			await this.#inSession(async session => {
				await this.#ask(
					session,
					left.map(({temporary}) => `drop ${temporary}`),
				);
			}, AbortSignal.timeout(cleanUpMs)).catch(() => undefined);
		}
	}

	async #inSession(work: (session: CopySession) => Promise<void>, signal?: AbortSignal): Promise<void> {
		const session = await this.#sessions.open(signal);
		try {
			await this.#enterRoot(session);
			await work(session);
		} finally {
			session.close();
		}
	}

	async #enterRoot(session: CopySession): Promise<void> {
		const {destination, source} = this.#options;
		const wanted = this.#root?.directory ?? destination;
		const [kind = ''] = await this.#ask(session, [`target ${encodePath(wanted)}`]);
		const isDirectory = this.#entries[0]!.kind === 'directory';
		if (!['dir', 'file', 'none'].includes(kind) || (isDirectory && kind === 'file')) {
			throw targetError(kind, wanted, isDirectory ? null : writingRemedy(this.#options, source, wanted));
		}

		if (this.#root === null) {
			const name = Buffer.from(basename(kind === 'dir' ? resolve(source) : destination));
			this.#root = {directory: kind === 'dir' ? destination : destination.slice(0, destination.lastIndexOf('/') + 1), name};
			this.#start();
		}
	}

	#start(): void {
		const {listener} = this.#options;
		for (const entry of this.#entries.filter(({problem}) => problem !== null)) {
			this.#report(entry, {result: entry.kind === 'special' ? 'skipped' : 'failed', reason: entry.problem});
		}

		const files = this.#entries.filter(({kind, problem}) => kind === 'file' && problem === null);
		this.#files = files.map(entry => new FileToSend(entry, this.#remotePath(entry)));
		listener.onTotal({files: files.length, bytes: files.reduce((sum, {size}) => sum + size, 0)});
		this.hasStarted = true;
	}

	async #createDirectories(session: CopySession): Promise<void> {
		const directories = this.#entries.filter(entry => entry.kind === 'directory' && !this.#reported.has(entry));
		const results = await this.#ask(
			session,
			directories.map(entry => `make ${this.#name(entry)}`),
		);
		for (const [index, result] of results.entries()) {
			const entry = directories[index]!;
			if (result === 'made') {
				this.#created.add(entry);
			} else if (result !== 'there') {
				this.#report(entry, {result: 'failed', reason: result});
			}
		}
	}

	async #sendFiles(session: CopySession): Promise<void> {
		const remaining = this.#files.filter(({isDone}) => !isDone).toSorted((a, b) => a.failures - b.failures);
		// What was only sent is sent again.
		const doneBytes = this.#files.reduce((sum, {isDone, entry}) => sum + (isDone ? entry.size : 0), 0);
		this.#addBytes(doneBytes - this.#reportedBytes);
		try {
			await sendFiles(remaining, {
				session,
				preserve: this.#options.preserve,
				onBytes: count => {
					this.#addBytes(count);
				},
			});
		} finally {
			for (const file of remaining.filter(({isDone}) => isDone)) {
				this.#report(file.entry, file.outcome);
			}
		}
	}

	/** Links, and then attributes of directories, children first: a directory can be read-only, and a write into it changes its time. */
	async #finish(session: CopySession): Promise<void> {
		const links = this.#entries.filter(entry => entry.kind === 'link' && !this.#reported.has(entry));
		const directories = this.#entries.filter(entry => entry.kind === 'directory' && !this.#reported.has(entry)).toReversed();
		const results = await this.#ask(session, [
			...links.map(entry => `link ${encodeName(entry.target)} ${this.#name(entry)}`),
			...directories.map(entry => {
				const keeps = this.#options.preserve && this.#created.has(entry);
				return `attributes ${keeps ? `${entry.mode.toString(8)} ${entry.mtime}` : '- -'} ${this.#name(entry)}`;
			}),
		]);
		for (const [index, entry] of [...links, ...directories].entries()) {
			const result = results[index]!;
			this.#report(entry, result === 'ok' ? {result: 'copied'} : {result: 'failed', reason: result});
		}
	}

	/** Requests with one line of response each. */
	async #ask(session: CopySession, requests: readonly string[]): Promise<string[]> {
		session.send(requests.map(request => requestLine(request)));
		const responses: string[] = [];
		while (responses.length < requests.length) {
			responses.push(String(await session.line()));
		}

		return responses;
	}

	#name(entry: LocalEntry): string {
		return encodeName(this.#remotePath(entry));
	}

	#remotePath({path}: LocalEntry): Buffer {
		return joinPath([Buffer.from('.'), this.#root!.name, ...path]);
	}

	#addBytes(count: number): void {
		this.#reportedBytes += count;
		this.#options.listener.onBytes(count);
	}

	#report(entry: LocalEntry, outcome: EntryResult): void {
		this.#reported.add(entry);
		this.#options.listener.onEntry(copiedEntry({...entry, path: joinPath(entry.path)}, outcome));
	}
}

function targetError(kind: string, path: string, remedy: string | null): SpokeError {
	switch (kind) {
		case 'parent': {
			return new SpokeError('ERR_NOT_FOUND', `${path}: its directory is not in the container`, {leg: 3});
		}

		case 'file': {
			return new SpokeError('ERR_COPY_INCOMPLETE', `${path} is a file in the container, and the source is a directory`);
		}

		case 'special': {
			return new SpokeError('ERR_COPY_INCOMPLETE', `${path} is a device, a pipe or a socket in the container, and is not replaced`, {
				remedy,
			});
		}

		case 'mount': {
			return new SpokeError('ERR_COPY_INCOMPLETE', `${path} is mounted into the container, and a mounted file cannot be replaced`, {
				remedy,
			});
		}

		case 'denied': {
			return new SpokeError('ERR_COPY_INCOMPLETE', `${path}: the user of the container cannot write there`);
		}

		default: {
			return unexpected(Buffer.from(kind));
		}
	}
}
