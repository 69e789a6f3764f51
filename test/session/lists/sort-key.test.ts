/** The sort key on the screen. */
import test from 'ava';
import {onSandbox} from '../../support/sandbox-session.ts';

test('the sort key goes through the columns on the screen, and each press shows the order', async t => {
	const {terminal} = await onSandbox(t, [], {columns: 120, rows: 40});
	terminal.press('view.workloads');
	await terminal.sees(/NAME +READY +UP-TO-DATE +STATUS +AGE +1–6\/6/);
	for (const head of [
		/NAME +READY↑ +UP-TO-DATE +STATUS +AGE +1–6/,
		/NAME +READY +UP-TO-DATE↑ +STATUS +AGE +1–6/,
		/NAME +READY +UP-TO-DATE +STATUS↑ +AGE +1–6/,
		/NAME +READY +UP-TO-DATE +STATUS +AGE↑ +1–6/,
		/NAME +READY +UP-TO-DATE +STATUS +AGE +1–6[\s\S]*sorted by NAME/,
		/NAME +READY↑ +UP-TO-DATE +STATUS +AGE +1–6/,
	]) {
		terminal.press('list.sort');
		await terminal.sees(head);
	}
});

test('a list that becomes narrower keeps its order, and the column of it', async t => {
	const {terminal} = await onSandbox(t, [], {columns: 120, rows: 40});
	terminal.press('view.nodes');
	await terminal.sees(/NAME +STATUS +ROLES +VERSION +INTERNAL-IP +AGE +1–3\/3/);
	terminal.press('list.sort', 'list.sort', 'list.sort', 'list.sort');
	await terminal.sees(/INTERNAL-IP↑/);
	terminal.resize(60, 24);
	await terminal.sees(/^ {3}NAME +.*INTERNAL-IP↑.{0,12}$/m);
	terminal.press('list.sort');
	await terminal.sees(/^ {3}NAME +.*AGE↑/m);
	t.notRegex(terminal.text(), /INTERNAL-IP/);
});
