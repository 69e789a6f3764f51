/** Details screen of the selected row. */
import type {TextLine} from '../../state/session-state.ts';
import type {Session} from '../session.ts';
import {clockTime} from '../../text/format-time.ts';
import {selectedTarget} from '../handlers/selection.ts';
import type {Handlers} from '../handlers/handler.ts';
import {readDetails} from './object-details.ts';
import {openText} from './open-text.ts';
import {copyText, saveText, openTextInProgram} from './export-text.ts';
import {searchInText, goToTextMatch} from './text-search.ts';

export const detailsHandlers: Handlers = {
	'details.copy': copyText,
	'details.save': saveText,
	'details.pager': openTextInProgram,
	'details.search': searchInText,
	'details.next-match'(session) {
		goToTextMatch(session, 1);
	},
	'details.previous-match'(session) {
		goToTextMatch(session, -1);
	},
};

export async function openDetails(session: Session): Promise<void> {
	const {view} = session.store.state;
	if (view === 'forwards') {
		openForwardLog(session);
		return;
	}

	if (view === 'audit' || view === 'proxy' || view === 'sandbox') {
		return;
	}

	const here = selectedTarget(session);
	if (!here) {
		return;
	}

	const id = session.nextId('text');
	openText(session, {id, title: 'Details', subject: here.target, lines: [{text: 'reading …'}], busy: true});
	const show = (lines: readonly TextLine[], right: string) => {
		session.store.now({type: 'fill-text', id, to: {lines, right, busy: false}});
	};

	try {
		const {lines, since} = await readDetails(session.cluster.access, here.target, here.namespace);
		show(lines, since === null ? '' : `since ${since}`);
	} catch (error) {
		show([{text: (error as Error).message, role: 'state.failed'}], '');
	}
}

function openForwardLog(session: Session): void {
	const {forwards, forwardAt} = session.store.state;
	const forward = forwards[forwardAt];
	if (forward) {
		const {local, asked, target, remote, open, closed, failed, phase, note, log} = forward;
		openText(session, {
			title: 'Forward',
			subject: `${local === null ? asked : `:${local}`} ${target}:${remote}`,
			right: `${open} open · ${closed} closed · ${failed} failed`,
			lines: [{label: phase, text: note}, ...log.toReversed().map(({time, text}) => ({label: clockTime(time), text}))],
		});
	}
}
