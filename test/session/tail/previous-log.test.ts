/** The log of the previous container instance. */
import test, {type ExecutionContext} from 'ava';
import {createTailRequest, type TailOptions} from '../../../source/session/tail/tail-run.ts';
import {tailHandlers} from '../../../source/session/tail/tail-handlers.ts';
import {pauseTail, shownLength} from '../../../source/session/tail/tail-view.ts';
import {fakeSession} from '../../support/fake-session.ts';
import {LogServer, type Fault} from '../../support/log-server.ts';
import {tailRun} from '../../support/tail-run.ts';
import {until} from '../../support/until.ts';

async function restarted(t: ExecutionContext, ...faults: readonly [Fault, ...Fault[]]) {
	return restartedWith(t, {}, ...faults);
}

async function restartedWith(t: ExecutionContext, options: Partial<TailOptions>, ...faults: readonly [Fault, ...Fault[]]) {
	const server = await LogServer.start();
	for (const [minute, log] of [
		...server.addPod('web', {containers: ['app', 'proxy', 'side'].slice(0, faults.length)}).values(),
	].entries()) {
		log.append(
			...Array.from({length: 200}, (_, at) => ({
				time: new Date(Date.UTC(2026, 10, 24, 14, minute) + at).toISOString(),
				text: `before ${at}`,
			})),
		);
		log.restart();
		log.append({time: '2026-11-24T15:00:00.000000000Z', text: 'after'});
	}

	const cluster = await server.cluster();
	server.faults.push(...faults);
	const tail = tailRun(
		createTailRequest({
			namespace: 'demo',
			targets: ['web'],
			selector: null,
			containers: {kind: faults.length > 1 ? 'all' : 'default'},
			...options,
		}),
		{cluster, observer: {}},
	);
	t.teardown(async () => {
		tail.stop();
		cluster.close();
		await server.stop();
	});
	const texts = () =>
		Array.from({length: tail.view.buffer.end - tail.view.buffer.first}, (_, at) =>
			tail.view.buffer.line(tail.view.buffer.first + at)!.bytes.toString(),
		);
	return {run: tail, server, texts};
}

test('an interrupted previous log is reported', async t => {
	const {run: tail, texts} = await restarted(t, {kind: 'close', afterBytes: 1000});
	tail.start('tail', true);
	await until(() => tail.view.phase === 'ended', texts);
	t.true(texts().includes('before 0'));
	t.is(texts().at(-1), 'the previous log was not read to its end');
	t.regex(
		texts().join('\n'),
		/web\/app: the previous log was interrupted: .*\(leg 2\) or your connection to the apiserver \(leg 1\) was lost/,
	);
});

test('an interruption of one of several logs is reported after the lines of that log', async t => {
	const {run: tail, texts} = await restarted(t, null, {kind: 'cut', afterBytes: 1000});
	tail.start('tail', true);
	await until(() => tail.view.phase === 'ended', texts);
	const said = texts().findIndex(text => text.includes('web/proxy: the previous log was interrupted'));
	t.is(texts().filter(text => text === 'before 0').length, 2);
	t.true(said > texts().lastIndexOf('before 0'));
});

test('a complete previous log is read to its end', async t => {
	const {run: tail, texts} = await restarted(t, null);
	tail.start('tail', true);
	await until(() => tail.view.phase === 'ended', texts);
	t.is(texts().filter(text => text.startsWith('before')).length, 200);
	t.notRegex(texts().join('\n'), /cut/);
	t.is(tail.view.note, 'previous log read');
});

test('a pod without the named container does not stop the previous logs of the others', async t => {
	const {
		run: tail,
		server,
		texts,
	} = await restartedWith(t, {targets: [], selector: 'app=web', containers: {kind: 'named', name: 'app'}}, null);
	server.addPod('other', {containers: ['worker']});
	tail.start('tail', true);
	await until(() => tail.view.phase === 'ended' || tail.view.phase === 'failed', texts);
	t.is(tail.view.note, 'previous log read');
	t.is(texts().filter(text => text.startsWith('before')).length, 200);
});

test('a pod on no node has no previous log, and the tail does not end as if one was read', async t => {
	const {run: tail, texts} = await restarted(t, {kind: 'refuse', status: 204, body: ''});
	tail.start('tail', true);
	await until(() => tail.view.phase === 'ended', texts);
	t.is(tail.view.note, 'no previous log read');
	t.deepEqual(texts(), ['web/app: no previous log: the pod is on no node', 'no previous log was read']);
});

test('switching to the current log while the previous one loads shows only the current one', async t => {
	const {run: tail, server, texts} = await restarted(t, {kind: 'silence'});
	tail.start('tail', true);
	await until(() => server.seen.length > 0, texts);

	tail.start('tail');
	await until(() => texts().includes('after'), texts);
	t.is(tail.view.phase, 'following');
	t.deepEqual(texts(), ['after']);
});

test('the previous log shows its last lines, and the same key returns to the current log', async t => {
	const {run: tail, texts} = await restarted(t, null);
	const session = fakeSession({
		work: {get: () => tail},
		store: {state: {layers: []}},
	});
	const press = () => tailHandlers['tail.previous-log'](session);
	press();
	await until(() => tail.view.phase === 'ended', texts);
	t.true(tail.view.follow);
	tail.view = pauseTail(tail.view);
	press();
	await until(() => texts().includes('after'), texts);
	t.false(tail.view.previous);
	t.is(tail.view.since, 'tail');
	t.is(shownLength(tail.view), 1);
	t.is(tail.view.pausedAt, null);
});
