/** Jumps to errors, stream events and marks. */
import test from 'ava';
import {tailHandlers} from '../../../source/session/tail/tail-handlers.ts';
import {LineBuffer, type LineKind} from '../../../source/session/tail/line-buffer.ts';
import {emptyTail, goTo} from '../../../source/session/tail/tail-view.ts';
import {fakeSession} from '../../support/fake-session.ts';

function tailOf(...kinds: readonly LineKind[]) {
	const buffer = new LineBuffer();
	for (const kind of kinds) {
		buffer.append(0, 0, 0, kind, Buffer.from(kind));
	}

	const tail = {
		view: {...goTo({...emptyTail('tail-1', 'pod/web', buffer)}, 0), older: {phase: 'none', read: 0, note: ''} as const},
	};
	const told: string[] = [];
	const session = fakeSession({
		work: {get: () => tail},
		store: {state: {layers: []}, dispatchNow() {}},
		refreshFeeds() {},
		showMessage(text: string) {
			told.push(text);
		},
	});
	return {
		told,
		async press(action: keyof typeof tailHandlers) {
			await tailHandlers[action](session);
			return tail.view.cursor;
		},
	};
}

test('the gap key jumps to gaps, reconnects and restarts, not to lines or marks', async t => {
	const {press, told} = tailOf('text', 'mark', 'notice', 'text', 'notice', 'text');
	t.is(await press('tail.next-gap'), 2);
	t.is(await press('tail.next-gap'), 4);
	t.is(await press('tail.next-gap'), 4);
	t.deepEqual(told, ['no gap, reconnect or restart below']);
	t.is(await press('tail.previous-gap'), 2);
	t.is(await press('tail.previous-mark'), 1);
});
