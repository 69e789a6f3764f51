/** Everything a person can do in the session, context by context, in the order of help. */
import {listActions} from './list-actions.ts';
import {fieldActions} from './field-actions.ts';
import {tailActions} from './tail-actions.ts';
import type {ActionSpec} from './action-spec.ts';

/** [id, label, title, place in the footer, access]: left out is 0 and `screen`. */
export type ActionTuple = readonly [id: string, label: string, title: string, footer?: number, access?: ActionSpec['access']];
export type ActionTable = Readonly<Record<string, readonly ActionTuple[]>>;

const globalActions: ActionTable = {
	global: [
		['help.open', 'help', 'this help', 99],
		['palette.open', 'more', 'commands', 98],
		['path.why', 'why', 'why this path', 50, 'read'],
		['view.zoom', 'zoom', 'zoom the pane'],
		['view.back', 'back', 'one step back', 90],
		['pane.next', 'next pane', 'next pane'],
		['pane.previous', 'previous pane', 'previous pane'],
		['messages.open', 'messages', 'messages so far'],
		['app.quit', 'quit', 'quit (may ask first)'],
		['app.suspend', 'suspend', 'suspend'],
		['screen.redraw', 'redraw', 'redraw'],
	],
};

/** In the order of help; ids are unique. */
export const actionSpecs: readonly ActionSpec[] = Object.entries({
	...globalActions,
	...listActions,
	...tailActions,
	...fieldActions,
}).flatMap(([context, rows]) =>
	rows.map(([id, label, title, footer = 0, access = 'screen']) => ({id, context, label, title, footer, access})),
);

const byId = new Map(actionSpecs.map(row => [row.id, row]));

/** The row of an action, or `undefined` when there is no such action. */
export function findAction(id: string): ActionSpec | undefined {
	return byId.get(id);
}
