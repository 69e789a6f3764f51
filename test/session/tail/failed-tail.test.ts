/** Failed tails. */
import test from 'ava';
import {createTailRequest} from '../../../source/session/tail/tail-run.ts';
import {LogServer} from '../../support/log-server.ts';
import {tailRun} from '../../support/tail-run.ts';
import {until} from '../../support/until.ts';

test('the failure of a tail appears after its buffered lines', async t => {
	const server = await LogServer.start();
	const logs = ['one', 'two'].map(name => server.addPod(name).get('app')!);
	const append = () => {
		for (const log of logs) {
			log.append({time: new Date().toISOString(), text: 'a line'});
		}
	};

	const cluster = await server.cluster();
	const ask = createTailRequest({namespace: 'demo', targets: [], selector: 'app=web', containers: {kind: 'default'}});
	const tail = tailRun(ask, {cluster, observer: {}});
	t.teardown(async () => {
		tail.stop();
		cluster.close();
		await server.stop();
	});
	append();
	tail.start('tail');
	let came = 0;
	await until(
		() => {
			tail.tick();
			came += tail.inflow;
			return came >= 2;
		},
		() => came,
	);

	server.podsRefused = true;
	server.endWatches();
	await until(
		() => {
			append();
			return tail.view.phase === 'failed';
		},
		() => tail.view.phase,
	);

	const {buffer} = tail.view;
	const toldAt = buffer.end;
	// Emits buffered lines.
	tail.stop();
	t.is(buffer.end, toldAt);
	t.is(buffer.line(toldAt - 1)!.kind, 'notice');
});
