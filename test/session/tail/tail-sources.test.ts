/** The sources of a tail. */
import test from 'ava';
import {
	asTailSource,
	changeSource,
	countUp,
	podGone,
	shortContexts,
	shortNames,
	sourceName,
	sourcesOf,
	withSource,
} from '../../../source/session/tail/tail-sources.ts';
import {restartTail, emptyTail, type TailView} from '../../../source/session/tail/tail-view.ts';

const log = (pod: string, container = 'app') => asTailSource({namespace: 'demo', pod, uid: null, node: 'n1', container});

const tailOf = (...pods: string[]): TailView => pods.map(pod => log(pod)).reduce(withSource, emptyTail('tail-1', 'web'));

test('a name is extended when another source has the same one', t => {
	t.deepEqual(
		tailOf('web-67cbd55664-64fs2').sources.map(({short}) => short),
		['64fs2'],
	);
	t.deepEqual(
		withSource(tailOf('web-67cbd55664-64fs2'), log('web-67cbd55664-64fs2', 'side')).sources.map(({short}) => short),
		['64fs2/app', '64fs2/side'],
	);
});

test('pods get different colors in order, and containers of a pod the same', t => {
	const view = ['a', 'b', 'c', 'd', 'e'].flatMap(pod => [log(pod), log(pod, 'side')]).reduce(withSource, emptyTail('tail-1', 'web'));
	t.deepEqual(
		view.sources.map(({color}) => color),
		[1, 1, 2, 2, 3, 3, 4, 4, 5, 5],
	);
	t.is(tailOf('a', 'b', 'c', 'd', 'e', 'f', 'g').sources.at(-1)?.color, 1);
});

test('a tail has the phase of its sources, and is the same object if nothing changes', t => {
	const open = changeSource(tailOf('web-0', 'web-1'), 0, {state: 'open', note: ''});
	t.is(open.phase, 'following');
	t.is(changeSource(open, 0, {state: 'open', note: ''}), open);
	const cut = changeSource(open, 0, {state: 'interrupted', note: 'was cut'});
	t.deepEqual([cut.phase, cut.note], ['waiting', 'was cut']);
	const failed: TailView = {...open, phase: 'failed', note: 'no'};
	t.is(changeSource(failed, 0, {state: 'open'}).phase, 'following');
});

test('a deleted pod marks all its containers, and no other pod', t => {
	const view = podGone(withSource(tailOf('web-0', 'web-1'), log('web-0', 'side')), {namespace: 'demo', pod: 'web-0'});
	t.deepEqual(
		view.sources.map(({isGone}) => isGone === true),
		[true, false, true],
	);
	t.is(sourcesOf(view, {namespace: 'demo', pod: 'web-0'}).length, 2);
});

test('pods of the same name in two contexts are different pods with the same short name', t => {
	const of = (context: string) => asTailSource({context, namespace: 'demo', pod: 'web-0', uid: null, node: 'n1', container: 'app'});
	const view = podGone(['eu', 'us'].map(context => of(context)).reduce(withSource, emptyTail('tail-1', 'web')), {
		context: 'us',
		namespace: 'demo',
		pod: 'web-0',
	});
	t.deepEqual(
		view.sources.map(source => [sourceName(source), source.color, source.isGone === true]),
		[
			['eu web-0', 1, false],
			['us web-0', 2, true],
		],
	);
});

test('a restarted tail resets its counters and keeps its filter', t => {
	const view = countUp(countUp({...tailOf('web-0'), wrap: true, level: 4, pausedAt: 3}, {reconnects: 1}), {reconnects: 1, restarts: 1});
	t.deepEqual(view.counters, {reconnects: 2, possibleGaps: 0, restarts: 1});
	const anew = restartTail(view, '5m', {previous: false, now: 0});
	t.deepEqual(anew.counters, {reconnects: 0, possibleGaps: 0, restarts: 0});
	t.deepEqual([anew.since, anew.wrap, anew.level, anew.pausedAt, anew.follow, anew.sources.length], ['5m', true, 4, null, true, 0]);
	t.deepEqual(
		[
			restartTail(view, 'head', {previous: false, now: 0}).follow,
			restartTail(view, 'head', {previous: false, now: 0}).older.phase,
			restartTail(view, 'head', {previous: true, now: 0}).follow,
		],
		[false, 'none', true],
	);
});

const of = (pods: readonly string[], containers: readonly string[] = ['app']) =>
	pods.flatMap(pod =>
		containers.map(container => {
			const [name, namespace = 'demo'] = pod.split('/').toReversed();
			return {context: null, namespace, pod: name!, container};
		}),
	);

test('two pods have different names', t => {
	t.deepEqual(shortNames(of(['web-67cbd55664-64fs2', 'web-67cbd55664-9x8kq'])), ['64fs2', '9x8kq']);
	t.deepEqual(shortNames(of(['api-qn65268f8g-cm7gt', 'api-qn65268f8g-28447'])), ['cm7gt', '28447']);
	t.deepEqual(shortNames(of(['finished-writer', 'writer'])), ['finished-writer', 'writer']);
	t.deepEqual(shortNames(of(['old-web-writer', 'new-web-writer', 'new-api-writer'])), ['old-web-writer', 'new-web-writer', 'api-writer']);
	t.deepEqual(shortNames(of(['one-in-the-shop-front-0', 'two-in-the-shop-front-0'])), [
		'one-in-the-shop-front-0',
		'two-in-the-shop-front-0',
	]);
	t.deepEqual(shortNames(of(['a/writer', 'b/writer'])), ['a/writer', 'b/writer']);
});

test('several containers follow the name of their pod', t => {
	t.deepEqual(shortNames(of(['finished-writer', 'writer'], ['app', 'side'])), [
		'finished-writer/app',
		'finished-writer/side',
		'writer/app',
		'writer/side',
	]);
});

test('contexts whose ends are the same have their whole names', t => {
	const eu = 'arn:aws:eks:eu-west-1:123456789012:cluster/prod';
	const us = 'arn:aws:eks:us-east-1:123456789012:cluster/prod';
	t.deepEqual([...shortContexts([eu, 'prod']).values()], ['…3456789012:cluster/prod', 'prod']);
	t.deepEqual([...shortContexts([eu, us]).values()], [eu, us]);
});
