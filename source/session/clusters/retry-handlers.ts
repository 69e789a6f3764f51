/** Keys of an apiserver that does not respond, and of a context that cannot be opened. */
import {formatCopiedLines} from '../kit/format-copied-lines.ts';
import {selectedRow} from '../lists/list-state.ts';
import {currentList} from '../frame/session-state.ts';
import type {Handlers} from '../frame/session.ts';
import {unreachableTextLines} from './describe-next-retry.ts';

export const retryHandlers = {
	'unreachable/retry'(session) {
		session.showMessage('retrying …');
		session.reachability.tryNow();
	},
	'unreachable/copy'(session) {
		session.copy(
			formatCopiedLines(
				[
					...unreachableTextLines({...session.store.state, isReducedMotion: true}),
					{label: 'server', text: session.store.state.cluster.server},
				],
				Date.now(),
			),
			'the report',
		);
	},
	/** Of several contexts, the one of the selected row. */
	'list/retry'(session) {
		const list = currentList(session.store.state);
		const row = list && selectedRow(list);
		if (row?.unread === undefined) {
			session.showMessage('nothing to retry here');
		} else {
			session.showMessage(`retrying ${row.name} …`);
			session.retryContext(row.name);
		}
	},
} satisfies Handlers;
