/** What the keys do while the apiserver does not answer. */
import {formatCopiedLines} from '../../state/format-copied-lines.ts';
import {describeUnreachable} from '../../state/describe-unreachable.ts';
import type {Handlers} from './handler.ts';

export const unreachableHandlers: Handlers = {
	'unreachable.retry'(session) {
		session.tell('trying now …');
		session.meeting.tryNow();
	},
	'unreachable.copy-report'(session) {
		session.copy(
			formatCopiedLines(
				[...describeUnreachable({...session.store.state, isStill: true}), {label: 'server', text: session.store.state.cluster.server}],
				Date.now(),
			),
			'the report',
		);
	},
};
