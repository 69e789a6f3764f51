/** Requests of `spoke debug` against kubectl's, as recorded by the real-cluster suite. */
import {PassThrough} from 'node:stream';
import test from 'ava';
import {parseCommandLine} from '../../../source/base/command-line/parse-command-line.ts';
import type {Invocation} from '../../../source/commands/command.ts';
import {command} from '../../../source/commands/debug/run.ts';
import {errorText, toSpokeError} from '../../../source/base/errors/spoke-error.ts';
import {debugRows, readRecordedDebug, tryDebug} from '../../support/debug-rows.ts';

const {outcomes} = await readRecordedDebug();

/** Rejected with messages other than kubectl's, by the flags or before a target is found missing. */
const ownWords = new Set([
	'web --copy-to=copy --set-image=app',
	'web --image=busybox --env=A',
	'web --image=busybox --image-pull-policy=Sometimes',
	'web --image=busybox --profile=nope',
	'--image=busybox',
]);

async function runDebug([, ...argv]: readonly string[]): Promise<{ok: boolean; stderr: string}> {
	const [stdout, stderr] = [new PassThrough(), new PassThrough()];
	try {
		const line = parseCommandLine(command.spec.flags, argv);
		const invocation = {
			...line,
			stdin: new PassThrough(),
			stdout,
			stderr,
			env: {HOME: '/nonexistent'},
			interrupted: new AbortController().signal,
		};
		return {ok: (await command.run(invocation as unknown as Invocation<typeof command.spec.flags>)) === 0, stderr: ''};
	} catch (error) {
		return {ok: false, stderr: errorText(toSpokeError(error))};
	}
}

for (const {line, words} of debugRows) {
	test.serial(`debug ${line}`, async t => {
		const theirs = outcomes[line]!;
		const ours = await tryDebug(words, runDebug);
		t.deepEqual({ok: ours.ok, asked: ours.asked}, {ok: theirs.ok, asked: theirs.asked}, ours.reason);
		if (!theirs.ok && !ownWords.has(line)) {
			t.true(ours.reason.startsWith(theirs.reason.replace(/\.$/, '')), ours.reason);
		}
	});
}
