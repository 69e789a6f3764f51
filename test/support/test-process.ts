/** Preloaded into every process of a suite: speeds up its start and records its cost. */
import {appendFileSync, readFileSync} from 'node:fs';
import {enableCompileCache, registerHooks} from 'node:module';
import process from 'node:process';
import {fileURLToPath} from 'node:url';
import '../../scripts/jsx-loader.ts';

enableCompileCache(fileURLToPath(new URL('../../node_modules/.cache/spoke-tests', import.meta.url)));

const {SPOKE_TEST_COSTS: costs} = process.env;
if (costs !== undefined) {
	let file: string | undefined;
	registerHooks({
		load(url, context, nextLoad) {
			file ??= /\/(test\/[^?]*\.(?:test|cluster)\.tsx?)$/.exec(url)?.[1];
			return nextLoad(url, context);
		},
	});
	process.on('exit', () => {
		const {user, system} = process.cpuUsage();
		appendFileSync(
			costs,
			`${JSON.stringify({file, seconds: performance.now() / 1000, cpuSeconds: (user + system) / 1e6 + childSeconds()})}\n`,
		);
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
