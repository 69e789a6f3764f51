/** What a session remembers of those before: the namespaces of each context. Nothing secret. */
import {readFile, stat} from 'node:fs/promises';
import {join} from 'node:path';
import {stateDirectory, replaceFile} from '../../base/command-line/private-files.ts';
import type {SessionState} from './session-state.ts';

const version = 1;
const maxBytes = 64 * 1024;
const maxContexts = 50;
const maxNamespaces = 5;
const writeIntervalMs = 5000;

/** `kubeconfig`: the namespace of the context at that time. `last`: the latest first; `null` is all namespaces. */
type ContextNamespaces = {kubeconfig: string; last: ReadonlyArray<string | null>};

/** By context. */
type SavedNamespaces = ReadonlyMap<string, ContextNamespaces>;

/** A context without a name, of `--server`, is not remembered. */
type SavedContext = {context: string | null; namespace: string};

type SavedStateOptions = {env: NodeJS.ProcessEnv; /** False if a flag names them. */ shouldRememberNamespaces: boolean};

export class SavedStateFile {
	readonly #path: string | null;
	readonly #shouldRememberNamespaces: boolean;
	#saved: SavedNamespaces = new Map();
	#written = '';
	#writtenAt = -writeIntervalMs;
	/** A file that could not be used is left alone. */
	#isUsable = false;
	#writing: Promise<void> = Promise.resolve();

	constructor({env, shouldRememberNamespaces}: SavedStateOptions) {
		const directory = stateDirectory(env);
		this.#path = directory === null ? null : join(directory, 'session.json');
		this.#shouldRememberNamespaces = shouldRememberNamespaces;
	}

	/** No session before this one has left a file. */
	async isFirst(): Promise<boolean> {
		try {
			return this.#path !== null && (await readSaved(this.#path)) === null;
		} catch {
			return false;
		}
	}

	/** Returns a message if there is a file that cannot be used. */
	async load(): Promise<string | null> {
		if (this.#path === null) {
			return null;
		}

		try {
			const saved = await readSaved(this.#path);
			this.#saved = saved ?? new Map();
			this.#written = saved === null ? '' : formatNamespaces(saved);
			this.#isUsable = true;
			return null;
		} catch (error) {
			return `ignored ${this.#path}: ${(error as Error).message}; delete it to remember namespaces again`;
		}
	}

	/** `undefined`: none is remembered, or the kubeconfig names another one since then. */
	namespaceOf({context, namespace}: SavedContext): string | null | undefined {
		const known = this.#shouldRememberNamespaces && context !== null ? this.#saved.get(context) : undefined;
		return known?.kubeconfig === namespace ? known.last[0] : undefined;
	}

	/** Most recent first, without all namespaces. */
	recentNamespaces(context: string): readonly string[] {
		return (this.#saved.get(context)?.last ?? []).filter(name => name !== null);
	}

	/** Writes a change at most every few seconds. */
	keep(state: SessionState, of: SavedContext, now = performance.now()): void {
		if (this.#shouldRememberNamespaces) {
			this.#saved = withNamespace(this.#saved, state, of);
		}

		if (now - this.#writtenAt >= writeIntervalMs) {
			this.#writtenAt = now;
			this.#writing = this.#writing.then(async () => this.#write());
		}
	}

	async flush(): Promise<void> {
		await this.#writing;
		await this.#write();
	}

	/** A state that cannot be written is not worth a message. */
	async #write(): Promise<void> {
		const text = formatNamespaces(this.#saved);
		if (!this.#isUsable || this.#path === null || text === this.#written) {
			return;
		}

		try {
			// Another session may have written other contexts.
			const other = await readSaved(this.#path);
			await replaceFile(this.#path, formatNamespaces(new Map([...(other ?? []), ...this.#saved])));
			this.#written = text;
		} catch {}
	}
}

function withNamespace(saved: SavedNamespaces, {cluster, others}: SessionState, {context, namespace}: SavedContext): SavedNamespaces {
	// Several contexts begin with the namespaces of the kubeconfig.
	if (context === null || others.length > 0 || context !== cluster.context) {
		return saved;
	}

	const namespaces = new Map(saved);
	const before = namespaces.get(context)?.last ?? [];
	// The current context is the last one to be dropped.
	namespaces.delete(context);
	const last = [cluster.namespace, ...before.filter(name => name !== cluster.namespace)].slice(0, maxNamespaces);
	return namespaces.set(context, {kubeconfig: namespace, last});
}

export function formatNamespaces(saved: SavedNamespaces): string {
	const namespaces = Object.fromEntries([...saved].slice(-maxContexts));
	return `${JSON.stringify({version, namespaces}, null, '\t')}\n`;
}

/** @throws Error for anything that `formatNamespaces` does not write */
export function parseNamespaces(text: string): SavedNamespaces {
	const value = record(JSON.parse(text), 'the file');
	if (value['version'] !== version) {
		throw new Error(`version is not ${version}`);
	}

	const entries = Object.entries(record(value['namespaces'], 'namespaces')).map(([context, entry]) => {
		const {kubeconfig, last} = record(entry, 'an entry of namespaces');
		if (typeof kubeconfig !== 'string' || !Array.isArray(last) || !last.every(name => name === null || isNamespace(name))) {
			throw new Error('an entry of namespaces is not valid');
		}

		return [context, {kubeconfig, last: last as Array<string | null>}] as const;
	});
	return new Map(entries);
}

function record(value: unknown, what: string): Record<string, unknown> {
	if (typeof value !== 'object' || value === null || Array.isArray(value)) {
		throw new Error(`${what} is not an object`);
	}

	return value as Record<string, unknown>;
}

function isNamespace(value: unknown): boolean {
	return typeof value === 'string' && /^[\da-z](?:[\da-z-]{0,61}[\da-z])?$/.test(value);
}

/** `null` if there is no file. @throws Error */
async function readSaved(path: string): Promise<SavedNamespaces | null> {
	try {
		const found = await stat(path);
		if (!found.isFile() || found.size > maxBytes) {
			throw new Error(found.isFile() ? `larger than ${maxBytes / 1024} KiB` : 'not a file');
		}

		return parseNamespaces(await readFile(path, 'utf8'));
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
			return null;
		}

		throw error;
	}
}
