/** The details below a list: what is wrong with the selected row, in few rows. */
import test from 'ava';
import {sessionOnSandbox} from '../../support/open-session.ts';

test('a pod with a problem shows what its container said last, and its events', async t => {
	const {session} = await sessionOnSandbox(t, [], {columns: 120, rows: 40});
	await session.sees(
		/── flaky-\S+ ─+ i more ─\n Status +\w+ · [^\n]+\n Last log +fatal: cannot connect to database "orders"[^\n]+\n flaky [^\n]+\n[^\n]*BackOff/,
	);
});

test('a healthy pod of one container takes three rows, one of several containers seven', async t => {
	const {session} = await sessionOnSandbox(t, [], {columns: 120, rows: 40});
	await session.sees(/▸ flaky-/);
	session.press('view.nodes');
	await session.sees(/▸ cp[^]*── cp ─[^\n]+\n Status +Ready\n Addresses/);
	session.press('view.pods');
	const rowsBelow = () =>
		session.text().split('\n').length -
		session
			.text()
			.split('\n')
			.findIndex(row => /── \S+ ─.* i more/.test(row));
	session.type('/api-\r');
	await session.sees(/── api-\S+ ─+ i more ─\n api +running, started \S+ ago, 0 restarts\n/);
	const healthy = rowsBelow();
	session.press('view.back');
	session.type('/web-\r');
	await session.sees(/── web-\S+ ─+ i more ─\n web +running[^\n]+\n access-log +running/);
	t.is(rowsBelow() - healthy, 4);
});
