/** The doctor's path. */
import test from 'ava';
import {runDoctor} from '../../../source/evidence/doctor/run-doctor.ts';
import {clientForTest} from '../../support/client-for-test.ts';
import {openSandbox} from '../../support/sandbox.ts';

for (const [verification, state, basis] of [
	['good', 'verified', 'proven'],
	['bad', 'refused', 'inferred'],
	['off', 'unverified', 'proven'],
] as const) {
	test(`a kubelet reached by an apiserver whose verification is ${verification}: ${state}, ${basis}`, async t => {
		const {sandbox, env} = await openSandbox(t);
		await sandbox.switches.set({verification});
		const cluster = await clientForTest(t, [], env);
		const {path} = await runDoctor('svc/web', async () => cluster);
		t.deepEqual([path?.legs[1]?.tls.state, path?.legs[1]?.tls.basis], [state, basis]);
	});
}

test('a permission that the apiserver does not report is unknown', async t => {
	const {env} = await openSandbox(t);
	const cluster = await clientForTest(t, [], env);
	const deaf: typeof cluster = {
		...cluster,
		async json(options) {
			if (String(options.body).includes('"portforward"')) {
				throw new Error('no response');
			}

			return cluster.json(options);
		},
	};
	const {steps} = await runDoctor('svc/web', async () => deaf);
	const {status, observed} = steps.find(({name}) => name === 'rights')!;
	t.deepEqual(
		[status, observed],
		['unknown', 'allowed: read pods, logs, exec, attach, proxy; unknown, because the apiserver did not respond: port-forward'],
	);
});
