/** The target of a manifest with one object. */
import test from 'ava';
import {targetOfManifest} from '../../../source/cluster/targets/parse-target.ts';

const object = (kind: string, apiVersion = 'v1', metadata = 'name: web') =>
	`apiVersion: ${apiVersion}\nkind: ${kind}\nmetadata:\n  ${metadata}\n`;

for (const [title, text, asked, namespace = null] of [
	['a pod', object('Pod'), 'pod/web'],
	['a pod after a document marker and a comment', `# ours\n---\n${object('Pod')}---\n# no more\n`, 'pod/web'],
	['a deployment with a namespace', object('Deployment', 'apps/v1', '{name: web, namespace: shop}'), 'deployment.apps/web', 'shop'],
	['JSON', JSON.stringify({apiVersion: 'batch/v1', kind: 'Job', metadata: {name: 'once'}}), 'job.batch/once'],
] as ReadonlyArray<[string, string, string, string?]>) {
	test(`${title} describes ${asked}`, async t => {
		t.deepEqual(await targetOfManifest(text, 'f.yaml'), {input: asked, namespace});
	});
}

for (const [title, text, message] of [
	['two objects', `${object('Pod')}---\n${object('Pod')}`, /^cannot exec into multiple objects at a time$/],
	['a list', 'apiVersion: v1\nkind: List\nitems: []\n', /^cannot exec into multiple objects at a time$/],
	['a kind without pods', object('ConfigMap'), /^f\.yaml describes a ConfigMap of v1, which has no pods$/],
	[
		'another group’s kind',
		object('Service', 'serving.knative.dev/v1'),
		/^f\.yaml describes a Service of serving\.knative\.dev\/v1, which has no pods$/,
	],
	['an object without a name', object('Pod', 'v1', 'generateName: web-'), /^the Pod in f\.yaml has no name$/],
	['an empty file', '', /^f\.yaml describes no object: its kind is missing$/],
	['an object without an apiVersion', 'kind: Pod\n', /^f\.yaml describes no object: its apiVersion is missing$/],
	['invalid YAML', 'a: b: c', /^error parsing f\.yaml: /],
] as ReadonlyArray<[string, string, RegExp]>) {
	test(`rejects ${title}`, async t => {
		await t.throwsAsync(targetOfManifest(text, 'f.yaml'), {code: 'ERR_USAGE', message});
	});
}
