/** Copies a file or a directory from a container to this machine. */
import {SpokeError} from '../../errors/spoke-error.ts';
import {localErrorText, localFileError} from './local-file-error.ts';
import {continueAfterLoss, type CopyPass} from './continue-after-loss.ts';
import {copiedEntry, pseudoReason, specialFileReason, type EntryResult} from './copy-events.ts';
import {type CopyOptions, type CopySession, CopySessions} from './copy-session.ts';
import {FileToReceive, receiveGroup, receiveGroups, ReceivedGroups, requestsFor} from './receive-files.ts';
import {LocalTree} from './local-tree.ts';
import {findReplaced, localDestination} from './local-destination.ts';
import {joinPath} from './path-components.ts';
import {unsafeLinkReason} from './safe-link.ts';
import {readingRemedy} from './streaming-remedy.ts';
import {type RemoteEntry, surveySource, type Survey} from './survey.ts';

/**
Reports each entry of the source once, also those that are not copied.
@throws SpokeError if the copy cannot start or continue
*/
export async function copyFromPod(options: CopyOptions): Promise<void> {
	const copy = new CopyFromPod(options);
	try {
		await continueAfterLoss(copy, options);
		await copy.finish();
	} finally {
		await copy.close();
	}
}

class CopyFromPod implements CopyPass {
	hasStarted = false;
	readonly #options: CopyOptions;
	readonly #sessions: CopySessions;
	#tree: LocalTree | null = null;
	/** If the source is a file: its name here. */
	#fileName: Buffer | null = null;
	readonly #files = new Map<string, FileToReceive>();
	readonly #directories = new Map<string, RemoteEntry & {isNew: boolean}>();
	readonly #links = new Map<string, RemoteEntry>();
	/** Entries that have been reported. */
	readonly #reported = new Set<string>();

	constructor(options: CopyOptions) {
		this.#options = options;
		this.#sessions = new CopySessions(options, 'from-pod');
	}

	get doneCount(): number {
		return [...this.#files.values()].filter(({isDone}) => isDone).length;
	}

	async run(): Promise<boolean> {
		const session = await this.#sessions.open();
		try {
			const survey = await surveySource(session, this.#options.source);
			await this.#openTree(survey);
			await this.#adopt(survey);
			this.hasStarted = true;
			return await this.#receive(session);
		} finally {
			session.close();
		}
	}

	/** Links and attributes of directories, when all files are in place. */
	async finish(): Promise<void> {
		for (const link of this.#links.values()) {
			const reason = unsafeLinkReason(link.path, link.target);
			if (reason === null) {
				await this.#perform(link, async () => this.#tree!.createLink(link.path, link.target));
			} else {
				this.#report(link, {result: 'skipped', reason: `${reason}: ${link.target.toString()}`});
			}
		}

		// Children first: a directory can be read-only, and a write into it changes its time.
		for (const directory of [...this.#directories.values()].toReversed()) {
			await this.#perform(directory, async () => {
				if (directory.isNew && this.#options.preserve) {
					await this.#tree!.setDirectoryAttributes(directory.path, directory);
				}
			});
		}
	}

	async close(): Promise<void> {
		await this.#tree?.close();
	}

	async #openTree({kind, entries}: Survey): Promise<void> {
		const {source, destination} = this.#options;
		if (this.#tree) {
			const known = this.#fileName ? 'file' : 'directory';
			if (kind !== known) {
				throw new SpokeError('ERR_COPY_INCOMPLETE', `${source} was a ${known} and became a ${kind} while it was copied`);
			}

			return;
		}

		const {directory, name} = await localDestination(destination, {
			kind,
			source,
			remedyFor: path => (kind === 'file' ? readingRemedy(this.#options, source, path) : null),
		});
		this.#fileName = name;
		await this.#confirmReplacing(directory, entries);
		try {
			this.#tree = await LocalTree.open(directory);
		} catch (error) {
			throw localFileError(directory.toString(), error);
		}
	}

	async #confirmReplacing(directory: Buffer | string, entries: Survey['entries']): Promise<void> {
		const {beforeReplacing, signal} = this.#options;
		if (beforeReplacing) {
			const placed = entries.filter(({kind}) => kind === 'file' || kind === 'link');
			const replaced = await findReplaced(
				directory,
				placed.map(({path}) => (this.#fileName ? [this.#fileName] : path)),
			);
			if (replaced.length > 0) {
				await beforeReplacing(replaced);
				signal.throwIfAborted();
			}
		}
	}

	/** What is new or has changed since the last listing. */
	async #adopt({entries, refused}: Survey): Promise<void> {
		for (const name of refused) {
			this.#report({kind: 'special', path: [name], size: null}, {result: 'failed', reason: 'its name leads out of the destination'});
		}

		const listed = new Set<string>();
		for (const listedEntry of entries) {
			const entry = this.#fileName ? {...listedEntry, path: [this.#fileName]} : listedEntry;
			const key = keyOf(entry.path);
			listed.add(key);
			if (!this.#reported.has(key)) {
				await this.#adoptEntry(key, entry, listedEntry.path);
			}
		}

		for (const [key, file] of this.#files) {
			if (!listed.has(key) && !file.isDone) {
				this.#files.delete(key);
				this.#report(file.entry, {result: 'failed', reason: 'it was removed while it was copied'});
			}
		}

		const sizes = [...this.#files.values()].map(({entry}) => entry.size ?? 0);
		this.#options.listener.onTotal({files: sizes.length, bytes: sizes.reduce((sum, size) => sum + size, 0)});
	}

	async #adoptEntry(key: string, entry: RemoteEntry, remotePath: readonly Buffer[]): Promise<void> {
		if (entry.kind === 'special') {
			this.#report(entry, {result: 'skipped', reason: specialFileReason});
		} else if (entry.isPseudo) {
			this.#report(entry, {result: 'skipped', reason: pseudoReason});
		} else if (entry.kind === 'link') {
			this.#links.set(key, entry);
		} else if (!entry.isReadable) {
			this.#report(entry, {result: 'failed', reason: 'the user of the container cannot read it'});
		} else if (entry.kind === 'directory') {
			if (!this.#directories.has(key)) {
				await this.#createDirectory(key, entry);
			}
		} else if (entry.size === null) {
			this.#report(entry, {result: 'failed', reason: 'its size is unknown'});
		} else {
			const known = this.#files.get(key);
			if (known === undefined) {
				this.#files.set(key, new FileToReceive(entry, entry.size, remotePath));
			} else if (!known.isDone) {
				known.entry = entry;
				known.size = entry.size;
			}
		}
	}

	async #createDirectory(key: string, entry: RemoteEntry): Promise<void> {
		try {
			const isNew = await this.#tree!.createDirectory(entry.path, this.#options.preserve ? 0o700 : 0o777);
			this.#directories.set(key, {...entry, isNew});
		} catch (error) {
			this.#report(entry, {result: 'failed', reason: localErrorText(error)});
		}
	}

	async #receive(session: CopySession): Promise<boolean> {
		const remaining = [...this.#files.values()].filter(file => !file.isDone);
		const groups = receiveGroups(remaining);
		const context = {
			session,
			tree: this.#tree!,
			preserve: this.#options.preserve,
			onBytes: (count: number) => {
				this.#options.listener.onBytes(count);
			},
		};
		const received = new ReceivedGroups();
		session.sendLast(requestsFor(groups, received));
		for (const group of groups) {
			try {
				const isUsable = await receiveGroup(group, context);
				received.add();
				if (!isUsable) {
					break;
				}
			} finally {
				// Also after a loss: a file that cannot be written is not tried again.
				for (const file of group.filter(({isDone}) => isDone)) {
					this.#report(file.entry, file.outcome);
				}
			}
		}

		return remaining.every(file => file.isDone);
	}

	async #perform(entry: RemoteEntry, work: () => Promise<void>): Promise<void> {
		try {
			await work();
			this.#report(entry, {result: 'copied'});
		} catch (error) {
			this.#report(entry, {result: 'failed', reason: localErrorText(error)});
		}
	}

	#report({kind, path, size}: Pick<RemoteEntry, 'kind' | 'path' | 'size'>, outcome: EntryResult): void {
		const key = keyOf(path);
		if (!this.#reported.has(key)) {
			this.#reported.add(key);
			const shownPath = this.#fileName ? Buffer.alloc(0) : Buffer.from(key, 'latin1');
			this.#options.listener.onEntry(copiedEntry({kind, path: shownPath, size}, outcome));
		}
	}
}

function keyOf(path: readonly Buffer[]): string {
	return joinPath(path).toString('latin1');
}
