/** Advice for a shell in the session. */
import test from 'ava';
import {findAction} from '../../../source/actions/action-table.ts';
import {toSessionAdvice} from '../../../source/session/kit/session-advice.ts';

test('in the session, active probes and the command that has them are the route test', t => {
	const action = findAction('test');
	const screen = {keymap: new Map(), hints: [{action, keys: ['t']}]} as unknown as Parameters<typeof toSessionAdvice>[0];
	t.is(toSessionAdvice(screen, 'get /flagz, or --probe active'), 'get /flagz, or the test (t)');
	t.is(toSessionAdvice(screen, 'list pods; and spoke path TARGET --probe active'), 'list pods; and the test (t)');
});
