/** Whether the apiserver passes a WebSocket upgrade through to the kubelet. */
import type {ClusterClient} from '../cluster/cluster-client.ts';
import {flagValue} from './rules/replicas.ts';
import type {LabelState} from './label-state.ts';
import {readNode} from './node-facts.ts';

const feature = 'ExtendWebSocketsToKubelet';

/**
Then the apiserver reaches the kubelet before its 101. True since 1.36 without an emulated older version, if the node declares the feature
and the gate is not off. Otherwise the apiserver answers 101 itself, dials, and translates. False if that cannot be read.
@see https://github.com/kubernetes/kubernetes/blob/v1.36.3/pkg/registry/core/pod/rest/subresources.go
*/
export async function isUpgradePassedThrough(
	cluster: ClusterClient,
	{own: {flags, process}, purpose: {target}}: Pick<LabelState, 'own' | 'purpose'>,
): Promise<boolean> {
	const gates = flags && flagValue(flags, 'feature-gates');
	const emulated = (flags && flagValue(flags, 'emulated-version')) ?? '';
	const [, minor] = /\b1\.(\d+)/.exec(emulated) ?? /^v?1\.(\d+)/.exec(process?.facts.version ?? '') ?? [];
	if (
		gates === null ||
		gates === undefined ||
		new RegExp(String.raw`\b(?:${feature}|AllBeta)=false\b`).test(gates) ||
		Number(minor ?? 0) < 36 ||
		target.node === null
	) {
		return false;
	}

	const node = await readNode(cluster, target.node);
	return node?.status?.declaredFeatures?.includes(feature) === true;
}
