/** The roles of list cells that stand out. */
import test from 'ava';
import {servicePodsTitle} from '../../../source/session/lists/list-kinds.ts';
import {cellRole} from '../../../source/session/lists/list-columns.ts';

for (const [title, cell, role] of [
	['STATUS', 'Running', undefined],
	['STATUS', 'Ready', undefined],
	['STATUS', 'Completed', 'text.dim'],
	['STATUS', 'Pending', 'state.working'],
	['STATUS', 'Terminating', 'state.working'],
	['STATUS', 'CrashLoopBackOff', 'state.failed'],
	['STATUS', 'NotReady', 'state.failed'],
	['STATUS', 'OOMKilled', 'state.failed'],
	['READY', '2/2', undefined],
	['READY', '1/2', 'state.working'],
	[servicePodsTitle, '0/3', 'state.working'],
	[servicePodsTitle, '', undefined],
	['RESTARTS', '0', undefined],
	['RESTARTS', '3 (2m ago)', 'level.warn'],
	['NAME', 'Failed', undefined],
] as const) {
	test(`${cell || 'an empty cell'} as ${title} has ${role === undefined ? 'no role' : `the role ${role}`}`, t => {
		t.is(cellRole(title, cell), role);
	});
}

test('READY of a completed pod is dim, and of a failed one is not', t => {
	t.is(cellRole('READY', '0/1', {ended: 'Succeeded'}), 'text.dim');
	t.is(cellRole('READY', '0/1', {ended: 'Failed'}), 'state.working');
});
