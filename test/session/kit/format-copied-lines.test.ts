/** Screen lines as copied text. */
import test from 'ava';
import {formatCopiedLines} from '../../../source/session/kit/format-copied-lines.ts';

test('a label precedes its text, and a continuation line is indented', t => {
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
