/** Short names of tail sources. */
import test from 'ava';
import {shortContexts, shortNames} from '../../../source/session/tail/tail-source.ts';

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
