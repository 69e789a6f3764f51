/** The lines of a screen as text that is copied or saved. */
import test from 'ava';
import {formatCopiedLines} from '../../source/state/format-copied-lines.ts';

test('a label stands before its text, and a line that goes on without one is indented', t => {
	t.is(
		formatCopiedLines(
			[
				{label: 'Node', text: 'n1'},
				{text: 'Containers', rule: true},
				{label: 'app   ', text: 'running'},
				{label: '', text: 'image a:1', indent: 12},
				{text: 'plain'},
			],
			0,
		),
		'Node: n1\n\nContainers\napp: running\n  image a:1\nplain',
	);
});
