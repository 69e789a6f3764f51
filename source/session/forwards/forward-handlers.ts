/** Handlers of forwards and connection list rows. */
import type {ConnectionEntry} from '../frame/connection-list.ts';
import {parsePortSpec} from '../../streams/port-forward/forward-request.ts';
import {parseTarget} from '../../cluster/targets/parse-target.ts';
import type {ForwardState} from '../frame/session-state.ts';
import {onSelected, typedTarget} from '../lists/selection.ts';
import type {Handlers, Session} from '../frame/session.ts';
import {openInBrowser} from '../shell/terminal-queue.ts';
import {stopListener} from '../proxy/listener-handlers.ts';
import {forwardNames} from '../dialogs/completion-names.ts';
import {closeTail} from '../tail/open-tail.ts';
import {forwardOf, forwardUrl} from './reduce-forward.ts';
import {addForward, editForward} from './forward-dialog.ts';
import {restartForward, startTypedForward, stopForward, forwardConfigOf} from './run-forward.ts';

export const forwardHandlers = {
	'list/forward': onSelected(addForward),
	async 'forwards/forward'(session) {
		void forwardNames(session, typedTarget(session, '')).then(names => {
			session.offer('forward', names);
		});
		const answer = await session.promptForText({
			lead: 'forward ',
			purpose: 'forward',
			accept: 'start',
			waits: 'reading names …',
			text: 'svc/',
			check: text => faultOf(parseTyped(text)),
		});
		const {target, port} = parseTyped(answer?.text ?? '');
		if (answer && target !== '' && port === '') {
			await addForward(session, typedTarget(session, target));
		} else if (answer && target !== '') {
			startTypedForward(session, typedTarget(session, target), port);
		}
	},
	'forwards/stop': async session => stopForward(session, selectedForward(session)?.id),
	'forwards/restart': async session => restartForward(session, selectedForward(session)?.id),
	async 'forwards/edit'(session) {
		const forward = selectedForward(session);
		const config = forwardConfigOf(session, forward?.id);
		if (forward && config) {
			await editForward(session, forward.id, config);
		}
	},
	'forwards/copy'(session) {
		copyUrl(session, selectedForward(session));
	},
	async 'forwards.browse'(session) {
		const forward = selectedForward(session);
		const url = forward ? forwardUrl(forward) : null;
		if (url === null) {
			session.showMessage('the forward is not listening', 'warn');
		} else {
			await openInBrowser(session, url);
		}
	},
	async 'connections/stop'(session) {
		const entry = selectedConnection(session);
		if (entry?.kind === 'forward') {
			await stopForward(session, entry.id);
		} else if (entry?.kind === 'proxy') {
			await stopListener(session, entry.id);
		} else if (entry?.kind === 'copy' || entry?.kind === 'shell' || entry?.kind === 'attach') {
			await session.work.end(entry.id);
		} else if (entry?.kind === 'logs') {
			const tail = session.work.get('tail', entry.id);
			if (tail) {
				closeTail(session, tail);
			}
		}
	},
	async 'connections/restart'(session) {
		const entry = selectedConnection(session);
		if (entry?.kind === 'forward') {
			await restartForward(session, entry.id);
		} else if (entry?.kind === 'logs') {
			const tail = session.work.get('tail', entry.id);
			tail?.start(tail.view.since, tail.view.previous);
		}
	},
	'connections/copy'(session) {
		const entry = selectedConnection(session);
		const forward = forwardOf(session.store.state, entry?.id);
		if (forward) {
			copyUrl(session, forward);
		} else if (entry?.kind === 'proxy') {
			const address = `http://${session.store.state.proxy.listeners.find(({id}) => id === entry.id)?.address ?? ''}`;
			session.copy(address, address);
		} else if (entry) {
			session.copy(entry.what, entry.what);
		}
	},
	'connections/open'(session) {
		const entry = selectedConnection(session);
		if (entry?.kind === 'logs') {
			session.store.dispatchNow({type: 'push', layer: {kind: 'tail', id: entry.id, line: null}});
		} else if (entry?.kind === 'forward') {
			session.store.dispatchNow({type: 'view', view: 'forwards'});
			const to = session.store.state.forwards.findIndex(({id}) => id === entry.id);
			session.store.dispatchNow({type: 'cursor', of: 'forwards', to});
		} else if (entry?.kind === 'proxy') {
			session.store.dispatchNow({type: 'view', view: 'proxy'});
			const to = session.store.state.proxy.listeners.findIndex(({id}) => id === entry.id);
			session.store.dispatchNow({type: 'cursor', of: 'proxy', to});
		} else {
			session.work.get('shell', entry?.id)?.enter();
		}
	},
} satisfies Handlers;

/** A kind typed after the suggested `svc/` replaces it. */
function parseTyped(text: string): {target: string; port: string; surplus: string} {
	const [target = '', port = '', surplus = ''] = text.trim().split(/\s+/);
	return {target: target.replace(/^svc\/(?=[^/]+\/)/, ''), port, surplus};
}

function faultOf({target, port, surplus}: {target: string; port: string; surplus: string}): string | null {
	if (surplus !== '') {
		return `type TARGET [LOCAL:]PORT, without ${surplus}`;
	}

	try {
		parseTarget(target);
		if (port !== '') {
			parsePortSpec(port);
		}

		return null;
	} catch (error) {
		return (error as Error).message;
	}
}

function copyUrl(session: Session, forward: ForwardState | undefined): void {
	const url = forward ? forwardUrl(forward) : null;
	if (url === null) {
		session.showMessage('the forward is not listening', 'warn');
	} else {
		session.copy(url, url);
	}
}

function selectedConnection({store}: Session): ConnectionEntry | undefined {
	return store.state.connections[store.state.connectionCursor];
}

function selectedForward({store}: Session): ForwardState | undefined {
	return store.state.forwards[store.state.forwardCursor];
}
