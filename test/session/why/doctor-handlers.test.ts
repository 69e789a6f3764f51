/** A failed start on a card. */
import {setImmediate} from 'node:timers/promises';
import test from 'ava';
import type {ActionId} from '../../../source/session/actions/action-table.ts';
import {SpokeError} from '../../../source/base/errors/spoke-error.ts';
import {Dialogs} from '../../../source/session/dialogs/dialogs.ts';
import type {OpenCluster} from '../../../source/session/frame/session.ts';
import {handlerOf} from '../../../source/session/frame/handlers.ts';
import {performAction} from '../../../source/session/keys/perform-action.ts';
import {showFailureCard} from '../../../source/session/why/doctor-handlers.ts';
import {fakeSession} from '../../support/fake-session.ts';
import {quietStore} from '../../support/tail-run.ts';

const error = new SpokeError('ERR_SECOND_LEG', 'no Konnectivity agent is connected', {
	leg: 2,
	text: 'No agent available\u001B[2J',
	remedy: 'check the agents',
});

function failed(shown = error) {
	const store = quietStore();
	const dialogs = new Dialogs(store, null as never);
	const messages: string[] = [];
	const copied: string[] = [];
	const session = fakeSession({
		store,
		showFailure: (about: string) => messages.push(about),
		copy: (text: string) => copied.push(text),
		showCard: async (title: string, failure: SpokeError) => dialogs.showCard(title, failure),
	});
	let retried = 0;
	const show = async () =>
		showFailureCard(session, {
			about: 'shell in web/app',
			error: shown,
			path: null,
			target: 'pod/web',
			namespace: 'default',
			cluster: {} as OpenCluster,
			retry() {
				retried++;
			},
		});
	const press = (id: ActionId) => {
		performAction({session, dialogs, handlerOf}, id);
	};

	return {store, dialogs, show, press, messages, copied, retried: () => retried};
}

test('a failure stays on a card with its sentence, leg, server text and fix', async t => {
	const {store, show, press, copied, messages} = failed();
	const shown = show();
	await setImmediate();
	store.dispatchNow({type: 'tick', now: 60_000});
	t.like(store.state.dialog, {kind: 'card', title: 'shell in web/app failed'});
	press('copy');
	t.is(store.state.dialog?.kind, 'card');
	t.regex(
		copied[0]!,
		/Failed between the apiserver and the node\nno Konnectivity agent is connected\nNo agent available[^\u001B]*\nfix: check the agents\nERR_SECOND_LEG$/,
	);
	press('cancel');
	await shown;
	t.is(store.state.dialog, null);
	t.deepEqual(messages, ['shell in web/app']);
});

test('a Status is shown by its message', async t => {
	const {store, show, press} = failed(
		new SpokeError('ERR_SECOND_LEG', 'refused', {
			leg: 2,
			text: '{"kind":"Status","apiVersion":"v1","message":"error dialing backend: refused","code":500}',
		}),
	);
	const shown = show();
	t.like(store.state.dialog, {kind: 'card', parts: {2: {role: 'server', text: 'error dialing backend: refused'}}});
	press('cancel');
	await shown;
});

test('a card retries, or opens why', async t => {
	const {store, show, press, retried} = failed();
	const again = show();
	press('retry');
	await again;
	t.is(retried(), 1);
	const why = show();
	press('why');
	await why;
	t.like(store.state.layers.at(-1), {kind: 'why', about: 'shell in web/app'});
});

test('a card does not cover an open dialog', async t => {
	const {store, dialogs, show, messages} = failed();
	const asked = dialogs.ask('Quit?');
	await show();
	t.is(store.state.dialog?.kind, 'confirm');
	t.is(messages.length, 1);
	dialogs.cancel();
	t.false(await asked);
});
