import {Readable} from 'node:stream';
import test from 'ava';
import type {ClusterClient, ApiResponse, RequestOptions} from '../../source/cluster/cluster-client.ts';
import {noConnectionObservations} from '../../source/evidence/connection-observations.ts';
import {isUpgradePassedThrough} from '../../source/evidence/label-lifecycle.ts';
import {flags, makeObservations, processOf} from '../support/observations.ts';

const feature = 'ExtendWebSocketsToKubelet';

const gates = (text: string, emulated = '[]') => ({'feature-gates': text, 'emulated-version': emulated});

for (const [title, values, version, declared, node, passed] of [
	['a node that declares it', gates(''), '1.36.3', [feature], 'n1', true],
	[
		'a version that is written with its v, behind others that are switched off',
		gates(`Other=false,${feature}=true`),
		'v1.37.0',
		['Other', feature],
		'n1',
		true,
	],
	['an apiserver that emulates the version itself', gates('', '[kube=1.36]'), '1.37.1', [feature], 'n1', true],
	['an apiserver that emulates an older version', gates('', '[kube=1.35]'), '1.36.3', [feature], 'n1', false],
	['an apiserver that emulates an older version, without the name of a component', gates('', '1.35'), '1.36.3', [feature], 'n1', false],
	['an older apiserver', gates(''), '1.35.9', [feature], 'n1', false],
	['an apiserver of unknown version', gates(''), null, [feature], 'n1', false],
	['the gate switched off', gates(`${feature}=false`), '1.36.3', [feature], 'n1', false],
	['the gate switched off of this component', gates(`Other=true,kube:${feature}=false`), '1.36.3', [feature], 'n1', false],
	['all gates of its kind switched off', gates('AllBeta=false'), '1.36.3', [feature], 'n1', false],
	['a list of flags that lacks the gates', {}, '1.36.3', [feature], 'n1', false],
	['flags that were not read', null, '1.36.3', [feature], 'n1', false],
	['a node that declares other features', gates(''), '1.36.3', ['Other'], 'n1', false],
	['a node that declares none', gates(''), '1.36.3', undefined, 'n1', false],
	['a node that may not be read', gates(''), '1.36.3', null, 'n1', false],
	['a node that is not known', gates(''), '1.36.3', [feature], null, false],
] as const) {
	test(`a WebSocket of exec with ${title} is ${passed ? '' : 'not certainly '}the kubelet’s`, async t => {
		const cluster = {
			async request({path}: RequestOptions): Promise<ApiResponse> {
				t.is(path, '/api/v1/nodes/n1');
				return {
					status: declared === null ? 403 : 200,
					statusText: '',
					headers: {},
					endsByClose: false,
					body: Readable.from([Buffer.from(JSON.stringify({kind: 'Node', metadata: {name: 'n1'}, status: {declaredFeatures: declared}}))]),
					connection: undefined as never,
				};
			},
		} as unknown as ClusterClient;
		const {purpose} = makeObservations();
		const process = processOf('p1');
		const own = {
			...noConnectionObservations,
			flags: values && flags(values),
			process: {...process, facts: {...process.facts, version}},
		};
		t.is(await isUpgradePassedThrough(cluster, {own, purpose: {...purpose, target: {...purpose.target, node}}}), passed);
	});
}
