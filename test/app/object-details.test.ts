/** What is told of an object when it is opened. */
import {setTimeout as delay} from 'node:timers/promises';
import test from 'ava';
import {readDetails} from '../../source/app/object-details.ts';
import type {ClusterAccess} from '../../source/cluster/cluster-access.ts';
import {connectionFlags} from '../../source/command-line/connection-flags.ts';
import {parseLine} from '../../source/command-line/parse-line.ts';
import {openCluster} from '../../source/cluster/open-cluster.ts';
import {openSandbox} from '../support/sandbox.ts';

test('a pod tells its labels, and each container its image', async t => {
	const pod = {metadata: {name: 'web-0', labels: {app: 'web', tier: 'edge'}}, spec: {containers: [{name: 'app', image: 'registry.corp/web:4.2'}]}};
	const {lines} = await readDetails({json: async () => pod} as unknown as ClusterAccess, 'pod/web-0', 'demo');
	const texts = lines.map(({label = '', text}) => `${label} ${text}`.trim());
	t.true(texts.includes('Labels app=web, tier=edge'));
	t.true(texts.includes('image registry.corp/web:4.2'));
});

test('an event that warns says so without its colour', async t => {
	const {env} = await openSandbox(t);
	const cluster = await openCluster(parseLine(connectionFlags, []).flags, env);
	t.teardown(() => {
		cluster.close();
	});
	const {items} = await cluster.json<{items: ReadonlyArray<{metadata: {name: string}}>}>({path: '/api/v1/namespaces/default/pods?labelSelector=app%3Dflaky'});
	const labels = async () => (await readDetails(cluster, `pod/${items[0]!.metadata.name}`, 'default')).lines.map(({label = ''}) => label.trim());
	while (!(await labels()).includes('! BackOff')) {
		await delay(50);
	}

	t.true((await labels()).includes('Created'));
});
