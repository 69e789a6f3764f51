/** Runs the session, and writes a report if it crashes. */
import {mkdir, mkdtemp, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import process from 'node:process';
import {setTimeout as delay} from 'node:timers/promises';
import {stateDirectory} from './command-line/directories.ts';
import {exitStatus} from './errors/exit-status.ts';
import {toSpokeError} from './errors/spoke-error.ts';
import {setV8Flag} from './own-process.ts';
import {SessionRun} from './session/frame/session-run.ts';
import type {SessionOptions} from './session/frame/session.ts';
import {errorText} from './text/error-text.ts';
import {sanitizeLine} from './text/sanitize.ts';
import {version} from './version.ts';

const closeMs = 2000;

export type {SessionOptions} from './session/frame/session.ts';

/**
Resolves to the exit status after restoring the terminal.
@throws SpokeError when the first cluster cannot be opened
*/
export async function runSession(options: SessionOptions): Promise<number> {
	tuneHeap();
	const run = new SessionRun(options);
	const {promise: crashed, reject} = Promise.withResolvers<never>();
	const onCrash = (error: unknown) => {
		reject(error);
	};

	process.on('uncaughtException', onCrash);
	process.on('unhandledRejection', onCrash);
	let told = '';
	try {
		return await Promise.race([run.run(), crashed]);
	} catch (error) {
		const known = toSpokeError(error);
		if (known.code !== 'ERR_INTERNAL' && !run.isOnScreen) {
			throw known;
		}

		if (known.code === 'ERR_OWN_FILE') {
			told = `${errorText(known)}\n`;
			return known.exitStatus;
		}

		const path = await writeCrashReport(error, options.env);
		told = `error: bug in spoke: ${sanitizeLine(error instanceof Error ? error.message : String(error))}${path === null ? '' : `; the report is in ${path}`} [ERR_INTERNAL]\n`;
		return exitStatus.bug;
	} finally {
		await Promise.race([run.close(), delay(closeMs, undefined, {ref: false})]).catch(() => {});
		process.off('uncaughtException', onCrash);
		process.off('unhandledRejection', onCrash);
		if (told !== '') {
			// Write last, because leaving the screen would erase it.
			run.rescue();
			process.stderr.write(told);
		}

		// Do not wait for anything that could not be closed. A test has other streams, and its process goes on.
		if (options.stdin === process.stdin) {
			setTimeout(() => {
				process.exit();
			}, closeMs).unref();
		}
	}
}

function tuneHeap(): void {
	// The young generation is small, so parallel scavenge threads would only delay, most when a flood of lines keeps all cores busy.
	setV8Flag('--no-parallel-scavenge', '--parallel-scavenge');
	// By default, V8 lets old objects grow to four times what is in use. With twice, a tail through 100 faults takes 136 instead of 181 MiB.
	// A larger factor does not help in a flood, because there the size of the lines, which are not objects, decides when V8 marks.
	setV8Flag('--heap-growing-percent=100', '--heap-growing-percent=0');
}

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
