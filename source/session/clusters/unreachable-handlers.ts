/** Keys while the apiserver is unreachable. */
import {formatCopiedLines} from '../kit/format-copied-lines.ts';
import {unreachableTextLines} from './describe-next-retry.ts';
import type {Handlers} from '../frame/session.ts';

export const apiserverUnreachableHandlers = {
	'unreachable/retry'(session) {
		session.tell('retrying …');
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
} satisfies Handlers;
