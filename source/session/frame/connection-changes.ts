/** Messages about connections that fail, recover or become less secure. */
import type {TlsState} from '../../evidence/evidence.ts';
import {tlsWorstFirst, worstPath, type ConnectionList, type ConnectionEntry} from './connection-list.ts';
import {qualifyWithContext} from '../kit/qualify-name.ts';
import type {ClusterState, Message} from './session-state.ts';

export const changeMarkMs = 10_000;

export function connectionChanges(
	before: ConnectionList,
	after: ConnectionList,
	now: number,
	onScreen: Pick<ClusterState, 'context' | 'namespace'>,
): {connections: ConnectionList; messages: readonly Message[]} {
	const messages: Message[] = [];
	const connections = after.map(entry => {
		const old = before.find(({id}) => id === entry.id);
		const change = old && old !== entry ? changeOf(old, entry) : null;
		if (!change) {
			return entry;
		}

		messages.push({
			time: now,
			text: `${entry.kind} ${qualifyWithContext(entry, onScreen)}: ${change.text}`,
			role: change.isBad ? 'warn' : 'plain',
			hint: '',
		});
		return {...entry, isLost: change.isLost, changedAt: change.isBad ? now : entry.changedAt};
	});
	return messages.length > 0 ? {connections, messages} : {connections: after, messages};
}

function changeOf(old: ConnectionEntry, entry: ConnectionEntry): {text: string; isBad: boolean; isLost: boolean} | null {
	if (old.phase === 'open' && (entry.phase === 'working' || entry.phase === 'failed') && entry.note !== '') {
		return {text: entry.note, isBad: true, isLost: true};
	}

	if (old.phase !== 'open' && entry.phase === 'open' && old.isLost) {
		return {text: 'reconnected', isBad: false, isLost: false};
	}

	const contexts = new Set(entry.paths.values().flatMap(path => (path === null ? [] : [path.cluster.context])));
	for (const context of contexts) {
		const [was, is] = [worstTls(old, context), worstTls(entry, context)];
		if (was !== undefined && is !== undefined && tlsWorstFirst.indexOf(is) < tlsWorstFirst.indexOf(was)) {
			const place = contexts.size > 1 ? ` on ${context}` : '';
			return {text: `${is} now, was ${was}${place}`, isBad: true, isLost: entry.isLost};
		}
	}

	return null;
}

/** Of one cluster. An unsettled label is no verdict, and an unknown state is no change for the worse. */
function worstTls({paths}: ConnectionEntry, context: string | null): TlsState | undefined {
	const state = worstPath(
		paths.values().filter(path => path?.phase !== 'checking'),
		context,
	)?.legs[1]?.tls.state;
	return state === 'unknown' ? undefined : state;
}
