/** Certificates against kubectl (recorded by test/real-cluster/kubeconfigs.cluster.ts). */
import test from 'ava';
import {certificateRows, readDifferences} from '../support/certificate-rows.ts';
import {readVerdicts} from '../support/kubectl-verdicts.ts';
import {requestWith} from '../support/request-with.ts';
import {tryCertificate} from '../support/try-certificate.ts';

const [recorded, differences] = await Promise.all([readVerdicts(), readDifferences()]);

for (const row of certificateRows) {
	const difference = differences.find(({name}) => name === row.name);
	test.serial(`${difference ? 'as documented' : 'as kubectl'}: ${row.name}`, async t => {
		const kubectl = recorded.certificates[row.name];
		t.truthy(kubectl, 'not recorded: run the real-cluster suite with RECORD_VERDICTS=1');
		t.regex(kubectl!.text, row.refused ?? /^$/);
		const ours = await tryCertificate(row, requestWith);
		if (difference) {
			t.is(kubectl!.ok, difference.kubectl === 'accepts');
			t.is(ours.ok, difference.spoke === 'accepts', ours.text);
			t.false(ours.ok === kubectl!.ok && (row.refused ?? /^$/).test(ours.text), 'it does not differ');
			return;
		}

		t.is(ours.ok, kubectl!.ok, ours.text);
		t.regex(ours.text, row.refused ?? /^$/);
	});
}

test('every documented difference is a certificate of the tests', t => {
	const names = new Set(certificateRows.map(({name}) => name));
	t.deepEqual(
		differences.filter(({name}) => !names.has(name)),
		[],
	);
	t.is(certificateRows.length, 151);
});
