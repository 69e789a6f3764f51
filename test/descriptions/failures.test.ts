/** The why screen and JUnit say the same of a failure. */
import test from 'ava';
import {SpokeError} from '../../source/errors/spoke-error.ts';
import {failedAuditJunit} from '../../source/output/audit-junit.ts';
import {unicodeGlyphs} from '../../source/ui/glyphs.ts';
import {whyLines} from '../../source/ui/why-screen.ts';

const rows: ReadonlyArray<readonly [what: string, error: SpokeError, why: readonly string[], junit: string]> = [
	[
		'a server',
		new SpokeError('ERR_SECOND_LEG', 'no agent is connected', {text: 'No agent available', remedy: 'start an agent'}),
		['Leg 2 failed', 'no agent is connected', 'server No agent available', 'code ERR_SECOND_LEG', 'fix start an agent'],
		'no agent is connected\nNo agent available\nfix: start an agent',
	],
	[
		'this machine',
		new SpokeError('ERR_APISERVER_UNREACHABLE', 'the apiserver cannot be reached', {text: 'connect ECONNREFUSED', remedy: 'start it'}),
		['Leg 1 failed', 'the apiserver cannot be reached', 'error connect ECONNREFUSED', 'code ERR_APISERVER_UNREACHABLE', 'fix start it'],
		'the apiserver cannot be reached\nconnect ECONNREFUSED\nfix: start it',
	],
	[
		'a server whose text is in the message',
		new SpokeError('ERR_FORBIDDEN', 'not allowed to list pods: pods is forbidden', {text: 'pods is forbidden', remedy: 'ask for it'}),
		['Refused by the apiserver', 'not allowed to list pods: pods is forbidden', 'code ERR_FORBIDDEN', 'fix ask for it'],
		'not allowed to list pods: pods is forbidden\nfix: ask for it',
	],
];

for (const [what, error, why, junit] of rows) {
	test(`why screen and JUnit show the text of ${what} alike`, t => {
		t.deepEqual(
			whyLines(null, error.toJSON(), unicodeGlyphs.strokes).map(({label, text}) => [label?.trim(), text].filter(Boolean).join(' ')),
			[...why],
		);
		t.is(/<error [^>]*>([\s\S]*)<\/error>/.exec(failedAuditJunit(error, ''))?.[1], junit);
	});
}
