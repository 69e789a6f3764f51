/** Writes logs to new files, one per container instance, and an index of where each is from. Loaded only for `--export`. */
import {createWriteStream, lstatSync, openSync} from 'node:fs';
import {rm} from 'node:fs/promises';
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
	const indexPath = join(resolve(directory), indexName);
	prepareDirectory(resolve(directory));
	for (const path of [...instances.map(instance => instance.path), indexPath]) {
		if (lstatSync(path, {throwIfNoEntry: false})) {
			throw new SpokeError('ERR_LOCAL_FILE', `${path} exists already`, {remedy: 'export to a new directory'});
		}
	}

	const index = createFile(indexPath);
	let written = 0;
	const failures: SpokeError[] = [];
	try {
		for (const instance of instances) {
			const {bytes, error} = await exportInstance(instance, options);
			await index.output.write(jsonLine(describeOrigin(instance, {bytes, error}, options)));
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

		await index.output.finished();
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

type ExportResult = {
	/** `null` if there is no file. */
	bytes: number | null;
	error: SpokeError | null;
};

/** A log that cannot be opened leaves no file; an interrupted one leaves what was received. */
async function exportInstance({log, previous, path}: Instance, {print, signal}: ExportOptions): Promise<ExportResult> {
	let file: ExportFile | null = null;
	let error: SpokeError | null = null;
	try {
		file = createFile(path);
		await print(log, file.output, {previous});
		await file.output.finished();
	} catch (thrown) {
		error = signal.aborted ? new SpokeError('ERR_STREAM_LOST', 'the export was interrupted', {cause: thrown}) : toSpokeError(thrown);
	}

	const bytes = (await file?.close()) ?? null;
	if (error === null || bytes !== 0) {
		return {bytes, error};
	}

	await rm(path, {force: true});
	return {bytes: null, error};
}

function describeOrigin({log, previous, path}: Instance, {bytes, error}: ExportResult, {context}: ExportOptions): object {
	const {otherContainers: _, ...source} = log.source;
	const file = bytes === null ? null : basename(path);
	return jsonObject('ExportedLog', {file, context, ...source, previous, bytes, error: error?.toJSON() ?? null});
}

/** `close` resolves to the number of bytes. Write errors were thrown before. */
type ExportFile = {output: OutputWriter; close(): Promise<number>};

function createFile(path: string): ExportFile {
	const stream = createWriteStream(path, {fd: openNew(path)});
	return {
		output: createOutputWriter(stream),
		async close() {
			stream.end();
			await finished(stream).catch(() => {});
			return stream.bytesWritten;
		},
	};
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
