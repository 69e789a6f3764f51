/** What docs/audit.md says about the rows, compared with audits of the sandbox. */
import test, {type ExecutionContext} from 'ava';
import type {AuditRow, RowId} from '../../../source/evidence/audit/audit-object.ts';
import {auditRows} from '../../../source/evidence/audit/audit-rows.ts';
import {runAudit} from '../../../source/evidence/audit/run-audit.ts';
import {clientForTest} from '../../support/client-for-test.ts';
import {openSandbox, type OpenedSandbox} from '../../support/sandbox.ts';

const summarized: Readonly<Partial<Record<RowId, readonly RowId[]>>> = {
	N5: ['N1', 'N2', 'N3', 'N4'],
	C11: ['C1', 'C2', 'C3', 'C6', 'C7', 'C8'],
};

/** Any row can need them, to rule out a gateway. */
const permissionsOfServer = ['create selfsubjectreviews', 'get configmap kube-root-ca.crt'];

for (const user of ['admin', 'bob', 'eve'] as const) {
	for (const scenario of ['default', 'verified', 'konnectivity', 'ssh-tunnels'] as const) {
		test(`an audit has the needs, warnings and bases that are documented: ${scenario}, ${user}`, async t => {
			const rows = await readRows(t, await openSandbox(t, {scenario, user}));
			t.deepEqual(
				rows.flatMap(row => undocumented(row)),
				[],
			);
		});
	}
}

async function readRows(t: ExecutionContext, {env}: OpenedSandbox): Promise<readonly AuditRow[]> {
	const cluster = await clientForTest(t, [], env);
	return (await runAudit(cluster, {probe: 'passive', require: [], minBasis: 'proven'})).rows;
}

function undocumented({id, verdict, basis, need}: AuditRow): string[] {
	const {warns, passBasis} = auditRows[id];
	const needs = (summarized[id] ?? [id]).flatMap(row => auditRows[row].needs.map(({permission}) => permission));
	return [
		...need
			.map(({permission}) => permission)
			.filter(permission => permission !== null && !permissionsOfServer.includes(permission) && !needs.includes(permission))
			.map(permission => `${id} needs ${permission}`),
		...(verdict === 'warn' && warns === null ? [`${id} warns`] : []),
		...(verdict === 'pass' && basis === 'proven' && passBasis !== 'proven' ? [`${id} passes, proven`] : []),
	];
}
