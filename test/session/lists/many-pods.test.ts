/** A cluster of many pods. What its rows take in memory is a row of the benchmarks. */
import test from 'ava';
import {manyPods} from '../../support/many-pods.ts';
import {openSession} from '../../support/open-session.ts';
import {temporaryDirectory} from '../../support/temporary-directory.ts';

test('30,000 pods of all namespaces are read, scrolled and filtered', async t => {
	const cluster = await manyPods(t, {namespaces: 4});
	const home = await temporaryDirectory(t);
	const session = await openSession(t, ['-A', '--kubeconfig', cluster.kubeconfigFile], {home, columns: 120, rows: 40});
	await session.sees(/workload-000000/);
	await session.sees(/1 Pods 30,000├/, 60_000);
	session.press('move.end');
	await session.sees(/30,000\/30,000/);
	session.press('move.start');
	cluster.change('MODIFIED', 'ns-0', 'workload-000000-x2xkq', 'CrashLoopBackOff');
	await session.sees(/workload-\S*00-x2xkq .*CrashLoopBackOff +0 /);
	session.press('list/filter');
	session.type('003333');
	await session.sees(/4 of 30,000/);
});
