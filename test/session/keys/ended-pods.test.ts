/** Keys of terminated pods. */
import test from 'ava';
import {findAction} from '../../../source/session/actions/action-table.ts';
import {clusterState} from '../../../source/session/clusters/open-clusters.ts';
import {disabledReason} from '../../../source/session/keys/perform-action.ts';
import {listKinds} from '../../../source/session/lists/list-kinds.ts';
import {reduceList} from '../../../source/session/lists/list-state.ts';
import {emptySession, type SessionState} from '../../../source/session/frame/session-state.ts';
import {rowReader} from '../../../source/session/lists/table-rows.ts';
import {sessionOnSandbox} from '../../support/open-session.ts';

const read = rowReader(
	listKinds.pods.columns,
	'',
	['Name', 'Ready', 'Status', 'Restarts'].map(name => ({name, type: 'string', format: '', priority: 0})),
	0,
);

function on(status: string, reason: string | null): SessionState {
	const row = read(
		{cells: ['web', '0/1', status, 0], ...(reason !== null && {conditions: [{type: 'Completed', status: 'True', reason}]}), object: null},
		'demo',
	);
	const session = emptySession(clusterState(null), {columns: 80, rows: 24}, 0);
	return {
		...session,
		lists: {...session.lists, pods: reduceList(session.lists.pods, {type: 'page', chunk: 'pods', first: true, rows: [row]})},
	};
}

for (const [status, reason, ended] of [
	['Completed', 'Succeeded', true],
	['OutOfcpu', 'Failed', true],
	['Evicted', 'Failed', true],
	['Running', null, false],
	['ImagePullBackOff', null, false],
	['Completed', null, false],
] as const) {
	test(`${status}${reason === undefined ? '' : `, ${reason}`}: shell, attach, forward and debug are ${ended ? 'disabled' : 'enabled'}`, t => {
		for (const id of ['shell', 'attach', 'forward', 'debug'] as const) {
			const action = findAction(id);
			t.is(disabledReason(on(status, reason), action), ended ? `the pod has terminated (${reason})` : null);
		}

		t.is(disabledReason(on(status, reason), findAction('logs')), null, 'its log may still be there');
	});
}

test('a key disabled for a terminated pod keeps kubectl’s message, also for a job', async t => {
	const {session} = await sessionOnSandbox(t);
	await session.sees(/report-\w+ +0\/1 +Completed/);
	session.press('list/filter');
	session.type('report\r');
	await session.sees(/▸ report-/);
	session.press('shell');
	await session.sees(/shell: disabled, the pod has terminated \(Succeeded\) +w why/);
	session.press('why');
	await session.sees(/cannot exec into a container in a completed pod; current phase is\s+Succeeded/);
	await session.sees(/its log may still be available: spoke logs report-/);
	session.press('view.back', 'forward');
	await session.sees(/forward.*: disabled, the pod has terminated \(Succeeded\)/);
	session.press('view.workloads');
	await session.sees(/job\/report/);
	session.type('/job/report\r');
	await session.sees(/▸ job\/report/);
	session.press('shell');
	await session.sees(/shell in one of its pods: cannot exec into a container in a completed/);
});
