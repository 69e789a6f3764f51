/** Back and forward between views, as in k9s. */
import test from 'ava';
import {loadKeymap} from '../../../source/keymap/load-keymap.ts';
import {onSandbox} from '../../support/sandbox-session.ts';

test('the k9s keymap moves back and forward through views and their namespaces', async t => {
	const {keymap} = await loadKeymap({}, 'k9s');
	const {terminal} = await onSandbox(t, ['--keymap', 'k9s'], {keymap});
	await terminal.sees(/api-\w+-\w+ +1\/1 +Running/);
	terminal.press('view.nodes', 'namespace.all', 'view.services');
	await terminal.sees(/› all namespaces[\s\S]*┤3 Services \d/);
	terminal.press('view.history-back');
	await terminal.sees(/› all namespaces[\s\S]*┤4 Nodes \d/);
	terminal.press('view.history-back', 'view.history-back');
	await terminal.sees(/› default[\s\S]*┤1 Pods \d[\s\S]*api-\w+-\w+ +1\/1 +Running/);
	terminal.press('view.history-back');
	await terminal.sees(/no previous view/);
	terminal.press('view.history-forward', 'view.history-forward', 'view.history-forward');
	await terminal.sees(/› all namespaces[\s\S]*┤3 Services \d/);
	terminal.press('view.toggle-last');
	await terminal.sees(/┤4 Nodes \d/);
});
