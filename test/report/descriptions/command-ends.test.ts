/** The texts of a one-shot and of the session contain the same statement about each end of a remote command. */
import test from 'ava';
import {
	describeCommandEnd,
	describeExit,
	describeReattach,
	type CommandEnd,
} from '../../../source/report/descriptions/describe-command-end.ts';
import {SpokeError} from '../../../source/base/errors/spoke-error.ts';

/** Exhaustive by type: a new kind of end needs rows. */
const rows: {readonly [Kind in CommandEnd['kind']]: ReadonlyArray<readonly [end: CommandEnd & {kind: Kind}, session: string]>} = {
	exited: [
		[{kind: 'exited', exitCode: 3}, 'shell terminated with exit code 3 after 1.2 s'],
		[{kind: 'exited', exitCode: 0}, 'shell terminated with exit code 0 after 1.2 s'],
	],
	'output-ended': [
		[{kind: 'output-ended', exitCode: 3}, 'the container terminated with exit code 3 after 1.2 s'],
		[{kind: 'output-ended', exitCode: null}, 'shell ended after 1.2 s; exit status unknown'],
	],
	detached: [[{kind: 'detached'}, 'left the shell after 1.2 s; it may still be running in the container']],
	failed: [[{kind: 'failed', error: new SpokeError('ERR_STREAM_LOST', 'the stream was lost')}, 'the stream was lost, after 1.2 s']],
};

for (const [kind, cases] of Object.entries(rows)) {
	test(`the session describes each end of kind ${kind}`, t => {
		for (const [end, session] of cases) {
			t.is(describeCommandEnd(end, 'shell', 1200), session);
		}
	});
}

test('a one-shot and the session say the same of an exit', t => {
	t.is(describeExit('command', 3), 'command terminated with exit code 3');
	t.true(describeCommandEnd({kind: 'exited', exitCode: 3}, 'command', 0).startsWith(describeExit('command', 3)));
});

test('an attach that ends says how to attach again, unless the container will not run again', t => {
	t.is(describeReattach('spoke attach web', {isEphemeral: false, canRunAgain: false}), null);
	t.is(
		describeReattach('spoke attach web', {isEphemeral: false, canRunAgain: true}),
		"Session ended, resume using 'spoke attach web' command when the pod is running",
	);
	t.regex(describeReattach('spoke attach web', {isEphemeral: true, canRunAgain: true})!, /may be reattached using 'spoke attach web'/);
});
