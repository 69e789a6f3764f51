/** Audit rows by cause. */
import test from 'ava';
import {type AuditRow, type RowId, type RowVerdict, countCauses, rowsByCause} from '../../../source/evidence/audit/audit-object.ts';

const of = (id: RowId, verdict: RowVerdict, remedy: string | null = null) => ({id, verdict, remedy}) as unknown as AuditRow;
const rows = [
	of('N1', 'warn', 'remove the file'),
	of('N2', 'pass'),
	of('N6', 'unknown'),
	of('C1', 'fail', 'set the flag'),
	of('C2', 'warn', 'set the flag'),
	of('C4', 'fail', 'set the flag'),
	of('C6', 'fail', 'use the tunnel'),
	of('C11', 'fail', 'verify kubelets (C4)'),
];

test('rows with one cause are together below it, the worst first', t => {
	t.deepEqual(
		rowsByCause(rows).map(({row, heading}) => [row.id, heading]),
		[
			['C1', '1 cause, 4 rows: set the flag'],
			['C4', null],
			['C11', null],
			['C2', null],
			['C6', null],
			['N1', null],
			['N6', null],
			['N2', null],
		],
	);
	t.is(countCauses(rows), 3);
});

test('exposure has its own cause if kubelets are verified', t => {
	const own = [of('C4', 'pass'), of('C6', 'fail', 'use the tunnel'), of('C11', 'fail', 'use the tunnel')];
	t.deepEqual(
		rowsByCause(own).map(({row, heading}) => [row.id, heading]),
		[
			['C6', '1 cause, 2 rows: use the tunnel'],
			['C11', null],
			['C4', null],
		],
	);
});

test('the sum of one problem has its cause, the sum of several its own', t => {
	const one = [of('N1', 'warn', 'remove the file'), of('N2', 'pass'), of('N5', 'warn')];
	t.is(rowsByCause(one)[0]?.heading, '1 cause, 2 rows: remove the file');
	const two = [of('N1', 'warn', 'remove the file'), of('N2', 'warn', 'approve it'), of('N5', 'warn')];
	t.true(rowsByCause(two).every(({heading}) => heading === null));
});

test('rows without a remedy are not taken for one cause', t => {
	const unknown = [of('N1', 'unknown'), of('N2', 'unknown'), of('C5', 'warn'), of('C9', 'warn')];
	t.true(rowsByCause(unknown).every(({heading}) => heading === null));
	t.is(countCauses(unknown), 2);
});
