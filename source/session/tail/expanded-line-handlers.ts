/** Expanded line of a tail. */
import {readFields} from '../../lines/line-fields.ts';
import {goTo, selectedLine, shownLength, toggleField} from './tail-view.ts';
import {expandedLength} from './expanded-line.tsx';
import type {Handlers, Session} from '../frame/session.ts';
import {changeTail, currentTail} from './current-tail.ts';
import {clean} from './export-lines.ts';

export const expandedLineHandlers = {
	'tail/open'(session) {
		const tail = currentTail(session);
		if (tail && shownLength(tail.view) > 0) {
			changeTail(session, view => ({...goTo(view, selectedLine(view)), lineField: 0}));
			session.store.dispatchNow({type: 'layer', to: {line: tail.view.cursor}});
		}
	},
	'line/view.back'({store}) {
		store.dispatchNow({type: 'layer', to: {line: null}});
	},
	'line/move.down'(session) {
		moveInLine(session, 1);
	},
	'line/move.up'(session) {
		moveInLine(session, -1);
	},
	'line/copy'(session) {
		const field = selectedField(session);
		if (field) {
			session.copy(field.value, field.name === '' ? 'the line' : field.name);
		}
	},
	'line.add-field'(session) {
		const field = selectedField(session);
		if (field && field.name !== '') {
			changeTail(session, view => toggleField(view, field.name));
		}
	},
} satisfies Handlers;

function moveInLine(session: Session, by: 1 | -1): void {
	const view = currentTail(session)?.view;
	const line = view?.buffer.line(view.cursor);
	const last = line ? expandedLength(line, session.store.state.size.columns) - 1 : 0;
	changeTail(session, view => ({...view, lineField: Math.max(0, Math.min(view.lineField + by, last))}));
}

/** An empty name means the whole line. */
function selectedField(session: Session): {name: string; value: string} | null {
	const view = currentTail(session)?.view;
	const text = view?.buffer.line(view.cursor)?.bytes.toString('utf8');
	if (!view || text === undefined) {
		return null;
	}

	const fields = readFields(text);
	return fields === null ? {name: '', value: clean(text)} : (fields[Math.min(view.lineField, fields.length - 1)] ?? null);
}
