/** What the keys do while the apiserver does not answer. */
import {asText} from '../../state/copied-lines.ts';
import {unreachableLines} from '../../state/unreachable-lines.ts';
import type {Handlers} from './handler.ts';

export const unreachableHandlers: Handlers = {
	'unreachable.again'(session) {
		session.tell('trying now …');
		session.meeting.tryNow();
	},
	'unreachable.copy-report'(session) {
		session.copy(
			asText([...unreachableLines({...session.store.state, isStill: true}), {label: 'server', text: session.store.state.cluster.server}], Date.now()),
			'the report',
		);
	},
};
