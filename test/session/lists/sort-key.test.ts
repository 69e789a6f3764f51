/** The sort key on the screen. */
import test from 'ava';
import {sessionOnSandbox} from '../../support/open-session.ts';

test('the sort key goes through the columns on the screen, and each press shows the order', async t => {
	const {session} = await sessionOnSandbox(t, [], {columns: 120, rows: 40});
	session.press('view.workloads');
	await session.sees(/NAME +READY +UP-TO-DATE +STATUS +AGE +1–6\/6/);
	for (const head of [
		/NAME +READY↑ +UP-TO-DATE +STATUS +AGE +1–6/,
		/NAME +READY +UP-TO-DATE↑ +STATUS +AGE +1–6/,
		/NAME +READY +UP-TO-DATE +STATUS↑ +AGE +1–6/,
		/NAME +READY +UP-TO-DATE +STATUS +AGE↑ +1–6/,
		/NAME +READY +UP-TO-DATE +STATUS +AGE +1–6[\s\S]*sorted by NAME/,
		/NAME +READY↑ +UP-TO-DATE +STATUS +AGE +1–6/,
	]) {
		session.press('list.sort');
		await session.sees(head);
	}
});

test('a list that becomes narrower keeps its order, and the column of it', async t => {
	const {session} = await sessionOnSandbox(t, [], {columns: 120, rows: 40});
	session.press('view.nodes');
	await session.sees(/NAME +STATUS +ROLES +VERSION +INTERNAL-IP +AGE +1–3\/3/);
	session.press('list.sort', 'list.sort', 'list.sort', 'list.sort');
	await session.sees(/INTERNAL-IP↑/);
	session.resize(60, 24);
	await session.sees(/^ {3}NAME +.*INTERNAL-IP↑.{0,12}$/m);
	session.press('list.sort');
	await session.sees(/^ {3}NAME +.*AGE↑/m);
	t.notRegex(session.text(), /INTERNAL-IP/);
});
