/** Reduced motion. */
import {setTimeout as delay} from 'node:timers/promises';
import test from 'ava';
import {reduceSession} from '../../../source/session/frame/session-reducer.ts';
import {emptySession, type ClusterState} from '../../../source/session/frame/session-state.ts';
import {sessionOnSandbox} from '../../support/open-session.ts';
import {untilStable} from '../../support/until.ts';

for (const [title, argv, env] of [
	['NO_MOTION', [], {NO_MOTION: '1'}],
	['--motion=off', ['--motion=off'], {}],
] as const) {
	test(`with ${title} a tail draws no curve and a list screen is still between two ticks`, async t => {
		const {session} = await sessionOnSandbox(t, argv, {env, columns: 120, rows: 40});
		await session.sees(/toolbox-/);
		session.type('/toolbox\rl');
		await session.sees(/Tail pod\/toolbox/);
		session.press('tail.background');
		await session.sees(/logs +pod\/toolbox-\S+ +[━╍]direct [━╍]unverified/);
		// What is known of the path may come late.
		await session.sees(/1 of 1 (known apiserver )?examined/);
		await untilStable(() => session.text().replaceAll(/\d/g, ''), 1500);
		const before = session.text();
		await delay(3000);
		t.notRegex(session.text(), /[▁▂▃▄▅▆▇]/);
		const changed = session
			.text()
			.split('\n')
			.filter((row, index) => row !== before.split('\n')[index]);
		// One clock step may fall between.
		t.true(
			changed.every(row => /\d+s\b/.test(row)),
			changed.join('\n'),
		);
	});
}

test('--motion=on overrides NO_MOTION', async t => {
	const {session} = await sessionOnSandbox(t, ['--motion=on'], {env: {NO_MOTION: '1'}, columns: 120, rows: 40});
	await session.sees(/api-\w+/);
	session.type('/api\rl');
	await session.sees(/─ following\b/);
	session.press('tail.background');
	await session.sees(/lines\/s +[▁▂▃▄▅▆▇]{2}/);
});

test('with reduced motion the clock advances by 10 s and a notice still expires', t => {
	const still = emptySession({} as ClusterState, {columns: 80, rows: 24}, 0, {isReducedMotion: true});
	const told = reduceSession(still, {type: 'notice', text: 'x', now: 0});
	const after = reduceSession(told, {type: 'tick', now: 6000});
	t.deepEqual([after.now, after.notice], [0, null]);
	t.is(reduceSession(after, {type: 'tick', now: 10_000}).now, 10_000);
	const moving = emptySession({} as ClusterState, {columns: 80, rows: 24}, 0);
	t.is(reduceSession(moving, {type: 'tick', now: 1000}).now, 1000);
});
