/** Writes logs to new files, one per container instance, and an index of where each is from. Loaded only for `--export`. */
import {createWriteStream, lstatSync, openSync, type WriteStream} from 'node:fs';
import {basename, join, resolve} from 'node:path';
import {finished} from 'node:stream/promises';
import {prepareDirectory} from '../../base/command-line/private-files.ts';
import {SpokeError, toSpokeError} from '../../base/errors/spoke-error.ts';
import {jsonLine, jsonObject, createOutputWriter, type OutputWriter} from '../../report/output/output-writer.ts';
import {formatNumber, formatQuantity} from '../../base/text/formats.ts';
import {percentEncode} from '../../base/text/escaping.ts';
import type {ChosenLog} from './print-logs.ts';

type ExportOptions = {
	/** For the index; `null` without a kubeconfig. */
	context: string | null;
	/** Of the files: `log` or `jsonl`. */
	extension: string;
	print: (log: ChosenLog, output: OutputWriter, options: {previous: boolean}) => Promise<void>;
	signal: AbortSignal;
	/** What was written, which `--quiet` leaves out. */
	report: (notice: string) => void;
	/** What is missing. */
	say: (notice: string) => void;
};

type Instance = {log: ChosenLog; previous: boolean; path: string};

/** Where each file of a directory is from, and what is missing: an `ExportedLog` per line. */
const indexName = 'index.jsonl';

/**
A log that fails is reported, and the others follow.
@throws SpokeError of the first log that failed; ERR_LOCAL_FILE at once if a file exists or cannot be written
*/
export async function exportLogs(directory: string, logs: readonly ChosenLog[], options: ExportOptions): Promise<void> {
	const {report, say} = options;
	const instances = instancesOf(logs, resolve(directory), options.extension);
	const index = new ExportFile(join(resolve(directory), indexName));
	prepareDirectory(resolve(directory));
	for (const {path} of [...instances, index]) {
		assertNew(path);
	}

	let written = 0;
	const failures: SpokeError[] = [];
	try {
		for (const instance of instances) {
			const {bytes, error} = await exportInstance(instance, options);
			await index.write(jsonLine(describeOrigin(instance, {bytes, error}, options)));
			if (error !== null) {
				options.signal.throwIfAborted();
			}

			const name = describeInstance(instance);
			if (error === null) {
				written++;
				report(`${name}: ${formatQuantity(bytes ?? 0, 'byte')} to ${instance.path}`);
			} else if (error.code === 'ERR_LOCAL_FILE' || error.code === 'ERR_INTERNAL') {
				throw error;
			} else {
				failures.push(error);
				say(`${name}: ${describeMissing(instance, error)}: ${error.message}`);
			}
		}

		await index.finished();
	} finally {
		await index.close();
	}

	reportOlder(logs, say);
	report(`exported ${formatQuantity(written, 'log')} to ${directory}`);
	const [first] = failures;
	if (first) {
		throw first.withChanges({
			message: `${failures.length} of ${instances.length} logs are missing or incomplete: ${first.message}`,
			asKubectl: null,
			...(first.code === 'ERR_TARGET_GONE' && {remedy: 'export again when the container has started'}),
		});
	}
}

/** Any name of a context as that of a directory: no slash, no dot at the start, no control character. */
export function contextDirectory(context: string): string {
	return percentEncode(context, /[\w@:+=.-]/).replace(/^\./, '%2E');
}

/** Several targets can have the same pod. */
function instancesOf(logs: readonly ChosenLog[], directory: string, extension: string): readonly Instance[] {
	const instances = new Map<string, Instance>();
	for (const log of logs) {
		const {namespace, pod, container} = log.source;
		for (const previous of readsOf(log)) {
			// As the kubelet names them: no name contains `_`.
			const name = `${[namespace, pod, container].map(part => assertName(part)).join('_')}${previous ? '.previous' : ''}.${extension}`;
			instances.set(name, {log, previous, path: join(directory, name)});
		}
	}

	return [...instances.values()];
}

/**
The present instance and, after a restart, the previous one. While a container waits to restart, the kubelet serves the previous instance
for both.
*/
function readsOf({restarts, isWaiting}: ChosenLog): readonly boolean[] {
	return restarts === 0 ? [false] : isWaiting ? [true] : [false, true];
}

/** The server chooses the names of the files. */
function assertName(name: string): string {
	if (!/^[a-z\d](?:[a-z\d.-]*[a-z\d])?$/i.test(name)) {
		throw new SpokeError('ERR_PROTOCOL', `${JSON.stringify(name)} is not a name of Kubernetes and cannot be in the name of a file`);
	}

	return name;
}

function assertNew(path: string): void {
	if (lstatSync(path, {throwIfNoEntry: false})) {
		throw new SpokeError('ERR_LOCAL_FILE', `${path} exists already`, {remedy: 'export to a new directory'});
	}
}

type ExportResult = {
	/** `null` if there is no file. */
	bytes: number | null;
	error: SpokeError | null;
};

/** A log that cannot be opened leaves no file; an interrupted one leaves what was received. */
async function exportInstance({log, previous, path}: Instance, {print, signal}: ExportOptions): Promise<ExportResult> {
	const file = new ExportFile(path);
	try {
		await print(log, file, {previous});
		await file.finished();
		return {bytes: file.bytes, error: null};
	} catch (thrown) {
		const error = signal.aborted ? new SpokeError('ERR_STREAM_LOST', 'the export was interrupted', {cause: thrown}) : toSpokeError(thrown);
		return {bytes: file.isThere ? file.bytes : null, error};
	} finally {
		await file.close();
	}
}

function describeOrigin({log: {source}, previous, path}: Instance, {bytes, error}: ExportResult, {context}: ExportOptions): object {
	const {namespace, pod, uid, node, container} = source;
	return jsonObject('ExportedLog', {
		file: bytes === null ? null : basename(path),
		context,
		namespace,
		pod,
		uid,
		node,
		container,
		previous,
		bytes,
		error: error?.toJSON() ?? null,
	});
}

/** Created with its first bytes or, for an empty log, at the end. */
class ExportFile implements OutputWriter {
	readonly closed = new AbortController().signal;
	bytes = 0;
	readonly path: string;
	#open: {stream: WriteStream; output: OutputWriter} | null = null;

	constructor(path: string) {
		this.path = path;
	}

	get isThere(): boolean {
		return this.#open !== null;
	}

	async write(data: Buffer | string): Promise<void> {
		if (data.length > 0) {
			this.bytes += Buffer.byteLength(data);
			await this.#output().write(data);
		}
	}

	flush(): void {
		// Nothing is gathered.
	}

	async finished(): Promise<void> {
		await this.#output().finished();
	}

	/** Write errors were thrown before. */
	async close(): Promise<void> {
		if (this.#open !== null) {
			this.#open.stream.end();
			await finished(this.#open.stream).catch(() => {});
		}
	}

	#output(): OutputWriter {
		if (this.#open === null) {
			const stream = createWriteStream(this.path, {fd: openNew(this.path)});
			this.#open = {stream, output: createOutputWriter(stream)};
		}

		return this.#open.output;
	}
}

/** A file that exists, also as a link, is an error. */
function openNew(path: string): number {
	try {
		return openSync(path, 'wx', 0o600);
	} catch (error) {
		throw new SpokeError('ERR_LOCAL_FILE', `cannot create ${path}: ${(error as Error).message}`, {cause: error});
	}
}

function describeMissing({previous}: Instance, {code, message}: SpokeError): string {
	if (code === 'ERR_TARGET_GONE' && message.includes('is waiting to start')) {
		return 'not written yet';
	}

	return previous && code === 'ERR_NOT_FOUND' ? 'not kept by the node' : 'missing or incomplete';
}

function describeInstance({log: {source}, previous}: Instance): string {
	return `${source.pod}/${source.container}${previous ? ' (previous instance)' : ''}`;
}

/** A node keeps the log of one previous instance. */
function reportOlder(logs: readonly ChosenLog[], say: ExportOptions['say']): void {
	for (const {source, restarts} of logs) {
		if (restarts > 1) {
			say(
				`${source.pod}/${source.container}: restarted ${formatNumber(restarts)} times; the server has no logs of the instances before the previous one`,
			);
		}
	}
}
