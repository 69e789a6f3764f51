/** Actions of dialogs. */
import {equivalentCommand} from '../../state/dialog.ts';
import type {Session} from '../session.ts';
import type {Dialogs} from './dialogs.ts';

export function dialogAction(session: Session, overlays: Dialogs, id: string): (() => void) | undefined {
	const {store} = session;
	const [context = '', verb = ''] = id.split('.');
	if (!['prompt', 'picker', 'form', 'confirm'].includes(context)) {
		return undefined;
	}

	const edit = (event: Parameters<typeof store.now>[0] & {type: 'overlay'}) => () => {
		store.now(event);
		overlays.changed();
	};

	const accept = () => {
		overlays.accept();
	};

	const cancel = () => {
		overlays.cancel();
	};

	const verbs: Readonly<Record<string, () => void>> = {
		accept,
		submit: accept,
		yes: accept,
		cancel,
		no: cancel,
		'copy-script'() {
			const {overlay} = store.state;
			const script = overlay?.kind === 'form' ? equivalentCommand(overlay) : null;
			if (script !== null) {
				session.copy(script, 'the command');
			}
		},
		complete: edit({type: 'overlay', event: {type: 'complete'}}),
		erase: edit({type: 'overlay', event: {type: 'erase'}}),
		clear: edit({type: 'overlay', event: {type: 'clear'}}),
		'delete-word': edit({type: 'overlay', event: {type: 'erase-word'}}),
		start: edit({type: 'overlay', event: {type: 'caret', to: 'start'}}),
		end: edit({type: 'overlay', event: {type: 'caret', to: 'end'}}),
		older: edit({type: 'overlay', event: {type: 'history', by: 1}}),
		newer: edit({type: 'overlay', event: {type: 'history', by: -1}}),
		regex: edit({type: 'overlay', event: {type: 'regex'}}),
		down: edit({type: 'overlay', event: {type: 'move', by: 1}}),
		up: edit({type: 'overlay', event: {type: 'move', by: -1}}),
		next: edit({type: 'overlay', event: {type: 'move', by: 1}}),
		previous: edit({type: 'overlay', event: {type: 'move', by: -1}}),
		left: edit({type: 'overlay', event: context === 'prompt' ? {type: 'caret', to: 'left'} : {type: 'choose', by: -1}}),
		right: edit({type: 'overlay', event: context === 'prompt' ? {type: 'caret', to: 'right'} : {type: 'choose', by: 1}}),
	};
	return verbs[verb];
}
