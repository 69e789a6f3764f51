/** Kubeconfigs against kubectl (recorded by test/real-cluster/kubeconfigs.cluster.ts). */
import anyTest, {type TestFn} from 'ava';
import {kubeconfigRows} from '../support/kubeconfig-rows.ts';
import {readVerdicts, type KubectlVerdicts} from '../support/kubectl-verdicts.ts';
import {startRecordingServers, type RecordingServers} from '../support/recording-servers.ts';
import {tryRow, withSpoke} from '../support/try-kubeconfig.ts';

const test = anyTest as TestFn<{servers: RecordingServers; verdicts: KubectlVerdicts}>;

test.before(async t => {
	t.context = {servers: await startRecordingServers(), verdicts: await readVerdicts()};
});

test.after.always(async t => {
	await t.context.servers.close();
});

for (const row of kubeconfigRows) {
	test.serial(`as kubectl: ${row.name}`, async t => {
		const kubectl = t.context.verdicts.kubeconfigs[row.name];
		t.truthy(kubectl, 'not recorded: run the real-cluster suite with RECORD_VERDICTS=1');
		const {text, ...ours} = await tryRow(t.context.servers, row, withSpoke);
		t.deepEqual(ours, {ok: kubectl!.ok, seen: kubectl!.seen, execInfo: kubectl!.execInfo}, text);
		t.is(ours.ok, row.says === undefined && !row.refused, text);
		if (!row.refused) {
			t.regex(text, row.says ?? /^$/);
			t.regex(kubectl!.text, row.says ?? /^$/);
		}

		t.notRegex(text, /\n|secret-token|by-flag|from-plugin|PRIVATE/);
	});
}
