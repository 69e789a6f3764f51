/** Pods that appear and disappear while followed. */
import test from 'ava';
import {createTailRequest} from '../../../source/session/tail/tail-run.ts';
import {connectionFlags} from '../../../source/base/command-line/connection-flags.ts';
import {parseCommandLine} from '../../../source/base/command-line/parse-command-line.ts';
import {createClusterClient} from '../../../source/cluster/create-cluster-client.ts';
import {podCount} from '../../../source/session/tail/tail-view.ts';
import {openSandbox} from '../../support/sandbox.ts';
import {tailRun} from '../../support/tail-run.ts';
import {until} from '../../support/until.ts';

test('a deleted pod is reported once, and not counted any longer', async t => {
	const {sandbox, env} = await openSandbox(t);
	const cluster = await createClusterClient(parseCommandLine(connectionFlags, []).flags, env);
	t.teardown(() => {
		cluster.close();
	});
	const ask = createTailRequest({namespace: 'default', targets: ['deploy/web'], selector: null, containers: {kind: 'all'}});
	const tail = tailRun(ask, {cluster, observer: {}});
	t.teardown(() => {
		tail.stop();
	});
	const notices = () =>
		Array.from({length: tail.view.buffer.end}, (_, number) => tail.view.buffer.line(number)!)
			.filter(({kind}) => kind === 'notice')
			.map(({bytes}) => bytes.toString());
	tail.start('tail');
	const sources = () => tail.view.sources;
	await until(() => sources().filter(({state}) => state === 'open').length === 4 && tail.view.buffer.end > 0, sources);
	const name = tail.view.sources[0]!.pod;
	sandbox.faults.replacePod({name});
	await until(
		() => sources().filter(({state}) => state === 'open').length === 4 && sources().filter(({isGone}) => isGone).length === 2,
		sources,
	);
	await until(() => notices().some(text => text.includes('gone')), notices);
	// Emits buffered lines.
	tail.stop();
	t.deepEqual(
		notices().filter(text => text.includes('gone')),
		[`${name}: the pod is gone`],
	);
	t.is(podCount(tail.view.sources), 2);
});
