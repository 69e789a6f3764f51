/** What spoke reads of kubectl's kuberc: the policy for credential plugins. */
import {writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import process from 'node:process';
import test from 'ava';
import {kubeconfigText} from '../support/kubeconfig-text.ts';
import {runSpoke} from '../support/run-spoke.ts';
import {temporaryDirectory} from '../support/temporary-directory.ts';

const head = 'apiVersion: kubectl.config.k8s.io/v1beta1\nkind: Preference\n';

test('spoke applies the plugin policy of --kuberc', async t => {
	const folder = await temporaryDirectory(t);
	await writeFile(join(folder, 'deny'), `${head}credentialPluginPolicy: DenyAll\n`);
	const exec = {apiVersion: 'client.authentication.k8s.io/v1', command: '/bin/true', interactiveMode: 'Never'};
	await writeFile(join(folder, 'config'), kubeconfigText({server: 'https://127.0.0.1:1', user: {exec}}));
	const {status, stderr} = await runSpoke(['logs', 'web', '--kubeconfig', join(folder, 'config'), '--kuberc', join(folder, 'deny')]);
	t.is(status, 6);
	t.regex(stderr, /not allowed: policy set to "DenyAll"/);
});

test('aliases of a kuberc are no commands of spoke', async t => {
	const folder = await temporaryDirectory(t);
	const kuberc = join(folder, 'kuberc');
	await writeFile(kuberc, `${head}aliases:\n- name: weblog\n  command: logs\n`);
	const {status, stderr} = await runSpoke(['weblog', 'web'], {env: {...process.env, KUBERC: kuberc}});
	t.is(status, 2);
	t.regex(stderr, /unknown command: weblog/);
});

test('--kuberc is refused when KUBERC=off disables it', async t => {
	const {status, stderr} = await runSpoke(['logs', 'web', '--kuberc', 'x'], {env: {...process.env, KUBERC: 'off'}});
	t.is(status, 2);
	t.regex(stderr, /disabling kuberc via KUBERC=off and passing kuberc flag are mutually exclusive/);
});
