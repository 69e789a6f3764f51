/** Certificates against kubectl (recorded by test/real-cluster/kubeconfigs.cluster.ts). */
import test from 'ava';
import {certificateRows} from '../support/certificate-rows.ts';
import {readVerdicts} from '../support/kubectl-verdicts.ts';
import {requestWith} from '../support/request-with.ts';
import {tryCertificate} from '../support/try-certificate.ts';

const recorded = await readVerdicts();

for (const row of certificateRows) {
	test.serial(`as kubectl: ${row.name}`, async t => {
		const kubectl = recorded.certificates[row.name];
		t.truthy(kubectl, 'not recorded: run the real-cluster suite with RECORD_VERDICTS=1');
		const ours = await tryCertificate(row, requestWith);
		t.is(ours.ok, kubectl!.ok && row.differs === undefined, ours.text);
		if (row.differs) {
			return;
		}

		t.regex(ours.text, row.refused ?? /^$/);
		t.regex(kubectl!.text, row.refused ?? /^$/);
	});
}
