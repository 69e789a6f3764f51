/** Reduced motion. */
import test from 'ava';
import {isReducedMotion} from '../../../source/session/frame/session-display.ts';
import {reduceSession} from '../../../source/session/frame/session-reducer.ts';
import {sessionState} from '../../support/session-state.ts';

for (const [motion, env, isReduced] of [
	[undefined, {}, false],
	[undefined, {NO_MOTION: '1'}, true],
	['off', {}, true],
	['on', {NO_MOTION: '1'}, false],
] as const) {
	test(`with --motion ${motion ?? 'unset'} and ${JSON.stringify(env)}, motion is ${isReduced ? 'reduced' : 'not reduced'}`, t => {
		t.is(isReducedMotion({motion, env}), isReduced);
	});
}

test('with reduced motion the clock advances by 10 s and a notice still expires', t => {
	const still = sessionState({now: 0, isReducedMotion: true});
	const told = reduceSession(still, {type: 'notice', text: 'x', now: 0});
	const after = reduceSession(told, {type: 'tick', now: 6000});
	t.deepEqual([after.now, after.notice], [0, null]);
	t.is(reduceSession(after, {type: 'tick', now: 10_000}).now, 10_000);
	const moving = sessionState({now: 0});
	t.is(reduceSession(moving, {type: 'tick', now: 1000}).now, 1000);
});
