/** Handlers of the keys of dialogs. */
import type {Handler, Handlers} from '../frame/session.ts';
import {cardText, equivalentCommand, type CardChoice, type DialogEvent} from './dialog.ts';

const accept: Handler = (_, dialogs) => {
	dialogs.accept();
};

const cancel: Handler = (_, dialogs) => {
	dialogs.cancel();
};

const choose =
	(choice: CardChoice): Handler =>
	(_, dialogs) => {
		dialogs.choose(choice);
	};

const edit =
	(event: DialogEvent): Handler =>
	({store}, dialogs) => {
		store.dispatchNow({type: 'dialog', event});
		dialogs.changed();
	};

const down = edit({type: 'move', by: 1});
const up = edit({type: 'move', by: -1});

export const dialogHandlers = {
	'confirm.yes': accept,
	'confirm.no': cancel,
	'card/doctor': choose('doctor'),
	'card/retry': choose('retry'),
	'card/copy'(session) {
		const {dialog} = session.store.state;
		if (dialog?.kind === 'card') {
			session.copy(cardText(dialog), 'the failure');
		}
	},
	'card/why': choose('why'),
	accept,
	cancel,
	'form/move.down': down,
	'form/move.up': up,
	'form/value.previous': edit({type: 'choose', by: -1}),
	'form/value.next': edit({type: 'choose', by: 1}),
	'form/copy'(session) {
		const {dialog} = session.store.state;
		const script = dialog?.kind === 'form' ? equivalentCommand(dialog) : null;
		if (script !== null) {
			session.copy(script, 'the command');
		}
	},
	'picker/move.down': down,
	'picker/move.up': up,
	'prompt.older': edit({type: 'history', by: 1}),
	'prompt.newer': edit({type: 'history', by: -1}),
	'prompt/move.left': edit({type: 'caret', to: 'left'}),
	'prompt/move.right': edit({type: 'caret', to: 'right'}),
	'prompt/move.start': edit({type: 'caret', to: 'start'}),
	'prompt/move.end': edit({type: 'caret', to: 'end'}),
	'prompt.delete-word': edit({type: 'erase-word'}),
	'prompt.regex': edit({type: 'regex'}),
	complete: edit({type: 'complete'}),
	erase: edit({type: 'erase'}),
	clear: edit({type: 'clear'}),
} satisfies Handlers;
