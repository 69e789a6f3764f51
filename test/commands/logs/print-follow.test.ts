import test from 'ava';
import {noticeFilter} from '../../../source/commands/logs/print-follow.ts';
import type {LogEvent, LogSource} from '../../../source/streams/logs/log-events.ts';

const place = {namespace: 'shop', pod: 'web-0', node: 'n1'};
const source = (container: string): LogSource => ({...place, uid: 'u1', container});
const removed: LogEvent = {type: 'pod-gone', ...place};
const over = (container: string): LogEvent => ({type: 'ended', source: source(container), reason: 'pod-gone', ended: null});
const came: LogEvent = {type: 'pod-appeared', ...place};

const goings: ReadonlyArray<readonly [string, readonly LogEvent[], readonly string[]]> = [
	['by the watch and then by its log', [removed, over('a')], ['web-0: the pod is gone']],
	['by the logs of two containers and then by the watch', [over('a'), over('b'), removed], ['web-0: the pod is gone']],
	['by its log alone', [over('a')], ['web-0: the pod is gone']],
	[
		'by the watch for each pod of that name',
		[removed, over('a'), came, removed],
		['web-0: the pod is gone', 'web-0: new pod, followed', 'web-0: the pod is gone'],
	],
];
for (const [title, events, said] of goings) {
	test(`a gone pod is reported once when seen ${title}`, t => {
		const notices = noticeFilter();
		t.deepEqual(
			events.map(event => notices(event)).filter(notice => notice !== null),
			said,
		);
	});
}

test('the exit of a container is reported also for a gone pod', t => {
	const notices = noticeFilter();
	notices(removed);
	t.is(
		notices({type: 'ended', source: source('a'), reason: 'container-ended', ended: {exitCode: 2, reason: 'Error', at: null}}),
		'web-0/a: terminated with exit code 2 Error',
	);
});
