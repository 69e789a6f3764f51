/** What spoke reads of kubectl's kuberc: the policy for credential plugins. */
import {mkdir, writeFile} from 'node:fs/promises';
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

for (const [title, text, argv] of [
	['that is named and has only a document of another kind', 'apiVersion: v1\nkind: Other\n', ['--kuberc', 'FILE']],
	['that has only a document that cannot be decoded', 'kind: [\n', []],
] as const) {
	test(`a kuberc ${title} runs no plugin`, async t => {
		const home = await temporaryDirectory(t);
		const kuberc = join(home, '.kube', 'kuberc');
		await mkdir(join(home, '.kube'));
		await writeFile(kuberc, text);
		const exec = {apiVersion: 'client.authentication.k8s.io/v1', command: '/bin/true', interactiveMode: 'Never'};
		await writeFile(join(home, 'config'), kubeconfigText({server: 'https://127.0.0.1:1', user: {exec}}));
		const own = argv.map(word => word.replace('FILE', kuberc));
		const {stderr} = await runSpoke(['logs', 'web', '--kubeconfig', join(home, 'config'), ...own], {env: {...process.env, HOME: home}});
		t.regex(stderr, /kuberc: no valid preferences found .*\[ERR_KUBECONFIG_INVALID\]/);
	});
}

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
