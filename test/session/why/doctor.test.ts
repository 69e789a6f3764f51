/** The doctor of an object in the session. */
import test from 'ava';
import {SpokeError} from '../../../source/base/errors/spoke-error.ts';
import type {OpenCluster} from '../../../source/session/frame/session.ts';
import {openDoctor} from '../../../source/session/why/doctor-handlers.ts';
import {fakeSession} from '../../support/fake-session.ts';
import {quietStore} from '../../support/tail-run.ts';

test('the doctor uses --cluster and --user only for the context of the flags', async t => {
	const flags = {context: 'eu', cluster: 'eu-proxy', user: 'admin'};
	const [eu, us] = ['eu', 'us'].map(context => ({context, access: {facts: {context}}}) as unknown as OpenCluster);
	const opened: unknown[] = [];
	const session = fakeSession({
		store: quietStore(),
		clusters: new Map([eu!, us!].map(cluster => [cluster.context, cluster])),
		flags,
		nextId: () => 'text-1',
		async open(given: unknown) {
			opened.push(given);
			throw new SpokeError('ERR_APISERVER_UNREACHABLE', 'away');
		},
	});
	for (const cluster of [eu!, us!]) {
		await openDoctor(session, {cluster, namespace: 'demo', target: 'pod/web'});
	}

	t.deepEqual(opened, [
		{...flags, namespace: 'demo'},
		{context: 'us', cluster: undefined, user: undefined, namespace: 'demo'},
	]);
});
