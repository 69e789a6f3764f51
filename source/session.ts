/** Puts the session together: the terminal, the cluster, the state, and what runs between them. */
import process from 'node:process';
import {setFlagsFromString} from 'node:v8';
import {setTimeout as delay} from 'node:timers/promises';
import type {SessionOptions} from './session/session-options.ts';
import {SessionRun} from './session/session-run.ts';
import {SpokeError} from './errors/spoke-error.ts';
import {writeCrashReport} from './session/crash-report.ts';
import {sanitizeLine} from './text/sanitize-line.ts';

const closeMs = 2000;

export type {SessionOptions} from './session/session-options.ts';

/**
Runs the session until it is left; resolves to the exit status. The terminal is then as it was before, also after a failure.
@throws SpokeError when the first cluster cannot be opened
*/
export async function runSession(options: SessionOptions): Promise<number> {
	// The young generation is small and soon collected: helpers would be waited for, longest where a flood of lines keeps every core busy.
	setFlagsFromString('--no-parallel-scavenge');
	// Of the 14 MiB of objects all are marked each time that a tail's lines, which are none, have grown by as much: three times a second in a flood.
	setFlagsFromString('--heap-growing-percent=300');
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
		if (error instanceof SpokeError && error.code !== 'ERR_INTERNAL' && !run.isOnScreen) {
			throw error;
		}

		const path = await writeCrashReport(error, options.env);
		told = `error: bug in spoke: ${sanitizeLine(error instanceof Error ? error.message : String(error))}${path === null ? '' : `; the report is in ${path}`} [ERR_INTERNAL]\n`;
		return 70;
	} finally {
		await Promise.race([run.close(), delay(closeMs, undefined, {ref: false})]).catch(() => {});
		process.off('uncaughtException', onCrash);
		process.off('unhandledRejection', onCrash);
		if (told !== '') {
			// Last of all: what leaves the screen would take the line with it.
			run.rescue();
			process.stderr.write(told);
		}

		// Whatever could not be closed keeps nobody waiting.
		setTimeout(() => {
			process.exit();
		}, closeMs).unref();
	}
}
