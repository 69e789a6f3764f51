/** The one-shots, the why screen, JUnit and the unreachable screen say the same of a failure. */
import test from 'ava';
import {describeError, describeUnreachable} from '../../../source/report/descriptions/describe-error.ts';
import {SpokeError, errorText} from '../../../source/base/errors/spoke-error.ts';
import {auditJunit} from '../../../source/report/output/audit-for-ci.ts';
import {unicodeGlyphs} from '../../../source/session/kit/theme.ts';
import {whyLines} from '../../../source/session/why/why.ts';

const rows: ReadonlyArray<readonly [what: string, error: SpokeError, why: readonly string[], junit: string]> = [
	[
		'a server',
		new SpokeError('ERR_SECOND_LEG', 'no agent is connected', {text: 'No agent available', remedy: 'start an agent'}),
		['Failed between the apiserver and the node', 'no agent is connected', 'server No agent available', 'fix start an agent'],
		'no agent is connected\nNo agent available\nfix: start an agent',
	],
	[
		'this machine',
		new SpokeError('ERR_APISERVER_UNREACHABLE', 'the apiserver cannot be reached', {text: 'connect ECONNREFUSED', remedy: 'start it'}),
		['Failed between you and the apiserver', 'the apiserver cannot be reached', 'error connect ECONNREFUSED', 'fix start it'],
		'the apiserver cannot be reached\nconnect ECONNREFUSED\nfix: start it',
	],
	[
		'a server whose text is in the message',
		new SpokeError('ERR_FORBIDDEN', 'not allowed to list pods: pods is forbidden', {text: 'pods is forbidden', remedy: 'ask for it'}),
		['Refused by the apiserver', 'not allowed to list pods: pods is forbidden', 'fix ask for it'],
		'not allowed to list pods: pods is forbidden\nfix: ask for it',
	],
	[
		'a requirement',
		new SpokeError('ERR_REQUIRE_UNDECIDED', 'requirement undecided: verified', {remedy: 'needs get nodes'}),
		['Refused by the requirement', 'requirement undecided: verified', 'fix needs get nodes'],
		'requirement undecided: verified\nfix: needs get nodes',
	],
];

for (const [what, error, why, junit] of rows) {
	test(`one-shots, why screen and JUnit show the text of ${what} alike`, t => {
		t.deepEqual(
			whyLines(null, error.toJSON(), unicodeGlyphs.strokes).map(({label, text}) => [label?.trim(), text].filter(Boolean).join(' ')),
			[...why],
		);
		t.is(errorText(error), `error: ${error.message} (${error.remedy}) [${error.code}]`);
		t.is(/<error [^>]*>([\s\S]*)<\/error>/.exec(auditJunit([{context: null, value: null, error}], ''))?.[1], junit);
	});
}

test('the session describes an unreachable apiserver with the parts of its error', t => {
	const attempt = {time: 0, tookMs: 17, text: 'connect ECONNREFUSED'};
	const input = {context: 'lab', proxy: null, next: 'Retrying in 4 s (attempt 2).', attempts: [attempt]};
	const unreachable = rows[1]![1];
	const parts = describeUnreachable({...input, error: unreachable.toJSON()});
	t.is(parts[0]!.text, 'The apiserver of lab does not respond. Retrying in 4 s (attempt 2).');
	t.is(parts.find(({role}) => role === 'proxy')?.text, 'none: no proxy-url in the kubeconfig and none in the environment');
	t.regex(parts.at(-1)!.text, /^\d\d:\d\d:\d\d {2}after 17 ms: connect ECONNREFUSED$/);
	const why = describeError(unreachable.toJSON());
	for (const role of ['error', 'fix'] as const) {
		t.is(parts.find(part => part.role === role)?.text, why.find(part => part.role === role)?.text);
	}

	const [statement] = describeUnreachable({...input, error: new SpokeError('ERR_CREDENTIALS', 'rejected').toJSON()});
	t.is(statement!.text, 'The apiserver of lab cannot be used yet. Retrying in 4 s (attempt 2).');
});
