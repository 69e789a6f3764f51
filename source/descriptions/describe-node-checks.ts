/** Describes node checks for the report, the session and the confirmation. */
import type {NodeCheckSummary, NodeGroup, NotTriedReason} from '../evidence/doctor/doctor-object.ts';
import {statusMessage} from '../server-messages/unwrap-message.ts';
import {formatNumber, formatQuantity, formatDuration, formatShortDuration} from '../text/formats.ts';
import {routeName, tlsName} from './describe-verdict.ts';
import type {Part} from './parts.ts';

export const nodeResultMarks: Readonly<Record<NodeGroup['result'], string>> = {
	responded: '✓',
	failed: '✗',
	'no-response': '?',
	'not-tried': '·',
};

const notTriedReasons: Readonly<Record<NotTriedReason, string>> = {
	'no-readable-pod': 'no pod on the node has a log that you can read',
	forbidden: 'you have no permission to read the pod or its log',
	'pod-gone': 'the chosen pods ended before their logs were read',
	'apiserver-failed': 'the apiserver failed, refused the request or did not respond',
};

/** `Read one byte of a log on each of 5,000 nodes, at most 50 at once?` */
export function describeNodeCheckRequest(count: number, concurrency: number): string {
	const where = count === 1 ? 'on 1 node' : `on each of ${formatNumber(count)} nodes, at most ${formatNumber(concurrency)} at once`;
	return `Read one byte of a log ${where}? The apiserver connects to each kubelet; the byte is discarded.`;
}

/** `checked 1,204 of 5,000 nodes · 3 failed · 1 without response`. */
export function describeNodeCheckProgress({total, failed, noResponse, unfinished}: NodeCheckSummary['nodes']): string {
	return [
		`checked ${formatNumber(total - unfinished)} of ${formatQuantity(total, 'node')}`,
		...(failed > 0 ? [`${formatNumber(failed)} failed`] : []),
		...(noResponse > 0 ? [`${formatNumber(noResponse)} without response`] : []),
	].join(' · ');
}

/** One sentence without a period. */
export function describeNodeCheckSummary({nodes, nodesFrom, ...summary}: NodeCheckSummary): string {
	const tried = nodes.total - nodes.notTried - nodes.unfinished;
	return [
		`${formatQuantity(tried, 'kubelet')} tried, ${formatNumber(nodes.responded)} responded${describeLatency(summary)}`,
		...(nodes.notTried > 0 ? [`${formatQuantity(nodes.notTried, 'node')} not tried`] : []),
		...(nodes.unfinished > 0 ? [`${formatQuantity(nodes.unfinished, 'node')} not checked`] : []),
		...(nodesFrom === 'pods' ? ['you cannot list nodes, so only nodes with pods that you can list were checked'] : []),
	].join('; ');
}

/** `12 nodes: nothing listens on that address and port`. */
export function describeNodeGroup(group: NodeGroup, timeoutMs: number): string {
	const count = formatQuantity(group.nodes.length, 'node');
	switch (group.result) {
		case 'responded': {
			return `${count}: ${describeGroupPath(group)}${describeLatency(group)}`;
		}

		case 'no-response': {
			return `${count}: no response within ${formatDuration(timeoutMs)}, on ${describeGroupPath(group)}`;
		}

		case 'failed': {
			return `${count}: ${group.error?.message ?? 'failed'}`;
		}

		case 'not-tried': {
			return `${count} not tried: ${notTriedReasons[group.reason ?? 'no-readable-pod']}`;
		}
	}
}

type NodeGroupPart = Part<'path' | 'server' | 'also' | 'fix' | 'nodes'>;

/** What the group's title does not say. `maxNodes`: names to show. */
export function describeNodeGroupDetails(group: NodeGroup, maxNodes: number): readonly NodeGroupPart[] {
	const {result, error, consistentFacts, nodes} = group;
	const more = nodes.length > maxNodes ? [`${formatNumber(nodes.length - maxNodes)} more`] : [];
	return [
		...(result === 'failed' ? [{role: 'path' as const, text: describeGroupPath(group)}] : []),
		...(error?.text ? [{role: 'server' as const, text: statusMessage(error.text) ?? error.text}] : []),
		...consistentFacts.map(text => ({role: 'also' as const, text})),
		...(error?.remedy ? [{role: 'fix' as const, text: error.remedy}] : []),
		...(result === 'responded' ? [] : [{role: 'nodes' as const, text: [...nodes.slice(0, maxNodes), ...more].join(', ')}]),
	];
}

/** `konnectivity (inferred), verified (proven)`. */
function describeGroupPath({route, routeBasis, agent, tls, tlsBasis}: NodeGroup): string {
	const withBasis = (name: string, basis: NodeGroup['tlsBasis']) => (basis === 'unknown' ? name : `${name} (${basis})`);
	const by = agent === null ? '' : ` by agent ${agent}`;
	return `${withBasis(`${routeName(route)}${by}`, routeBasis)}, ${withBasis(tlsName(tls), tlsBasis)}`;
}

function describeLatency({medianMs, longestMs, longestNode}: Pick<NodeGroup, 'medianMs' | 'longestMs' | 'longestNode'>): string {
	return medianMs === null || longestMs === null
		? ''
		: `; median ${formatShortDuration(medianMs)}, longest ${formatShortDuration(longestMs)} (${longestNode})`;
}
