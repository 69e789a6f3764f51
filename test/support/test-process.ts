/** Preloaded into every process of a suite: speeds up its start, and records its test file and then its cost. */
import {appendFileSync, readFileSync} from 'node:fs';
import {enableCompileCache, registerHooks} from 'node:module';
import process from 'node:process';
import {fileURLToPath} from 'node:url';
import '../../scripts/jsx-loader.ts';

enableCompileCache(fileURLToPath(new URL('../../node_modules/.cache/spoke-tests', import.meta.url)));

// Node 24 never ends a process with a handle that a failed reset leaked (TCPWrap::Reset), unless the exit is explicit. Ava replaces `exit`.
const {exit} = process;
process.on('beforeExit', () => {
	// Before its tests have ended, ava listens too, and names those that never end.
	if (process.listenerCount('beforeExit') === 1) {
		exit.call(process);
	}
});

const {SPOKE_TEST_RECORDS: records} = process.env;
if (records !== undefined) {
	let file: string | undefined;
	const record = (cost?: {seconds: number; cpuSeconds: number}) => {
		appendFileSync(records, `${JSON.stringify({pid: process.pid, file, ...cost})}\n`);
	};

	registerHooks({
		load(url, context, nextLoad) {
			const loaded = /\/(test\/[^?]*\.(?:test|cluster|release)\.tsx?)$/.exec(url)?.[1];
			if (file === undefined && loaded !== undefined) {
				file = loaded;
				record();
			}

			return nextLoad(url, context);
		},
	});
	process.on('exit', () => {
		const {user, system} = process.cpuUsage();
		record({seconds: performance.now() / 1000, cpuSeconds: (user + system) / 1e6 + childSeconds()});
	});
}

/** Programs that the tests waited for. */
function childSeconds(): number {
	try {
		const fields = readFileSync('/proc/self/stat', 'utf8').split(') ')[1]!.split(' ');
		return (Number(fields[13]) + Number(fields[14])) / 100;
	} catch {
		return 0;
	}
}
