/** Doctor steps and node checks in words. */
import type {Doctor, DoctorStep, NodeCheckSummary, NodeGroup, NotTriedReason} from '../../evidence/doctor/doctor-object.ts';
import type {Part} from './parts.ts';
import {statusMessage} from '../../cluster/server-messages/unwrap-message.ts';
import {formatNumber, formatQuantity, formatDuration, formatShortDuration} from '../../base/text/formats.ts';
import {routeName, tlsName} from './describe-verdict.ts';

/** Names of the steps on all surfaces; the JSON has its own. */
export const doctorStepNames: Readonly<Record<DoctorStep['name'], string>> = {
	configuration: 'kubeconfig',
	'leg-1': 'leg 1',
	rights: 'permissions',
	target: 'target',
	'leg-2': 'leg 2',
	'leg-3': 'leg 3',
};

export const doctorStepMarks: Readonly<Record<DoctorStep['status'], string>> = {
	ok: '✓',
	note: '!',
	failed: '✗',
	unknown: '?',
	'not-tried': '·',
};

/** What the step's observation does not say; layouts use the role as a label. */
export function describeStepDetails({
	status,
	observed,
	text,
	means,
	speaker,
	fits,
	remedy,
}: DoctorStep): ReadonlyArray<Part<'server' | 'means' | 'from' | 'also' | 'fix'>> {
	const all = [
		{role: 'server', text: text === observed ? null : text},
		{role: 'means', text: means === observed ? null : means},
		{role: 'from', text: speaker},
		...fits.map(fit => ({role: 'also' as const, text: fit})),
		{role: 'fix', text: status === 'ok' ? null : remedy},
	] as const;
	return all.flatMap(({role, text}) => (text === null || text === '' ? [] : [{role, text}]));
}

export function describeDoctorResult({asked, steps, error, stoppedAt}: Pick<Doctor, 'asked' | 'steps' | 'error' | 'stoppedAt'>): string {
	if (error) {
		const where = stoppedAt === null ? 'every leg responds, but' : `stopped at ${doctorStepNames[stoppedAt]}:`;
		return `${where} ${error.message} [${error.code}]`;
	}

	if (asked === '') {
		return 'the apiserver responds: leg 1 works';
	}

	const isUnknown = (step: DoctorStep['name']) => steps.some(({name, status}) => name === step && status === 'unknown');
	const unknown = [
		...(isUnknown('target') ? ['it is unknown whether the target exists'] : []),
		...(isUnknown('leg-2') ? ['leg 2 was not tried'] : []),
	];
	return unknown.length === 0 ? 'every leg responds' : `nothing failed; ${unknown.join(', and ')}`;
}

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

/** `12 nodes: nothing listens on that address and port`. */
export function describeNodeGroup(group: NodeGroup, timeoutMs: number): string {
	const count = formatQuantity(group.nodes.length, 'node');
	return {
		responded: `${count}: ${describeGroupPath(group)}${describeLatency(group)}`,
		'no-response': `${count}: no response within ${formatDuration(timeoutMs)}, on ${describeGroupPath(group)}`,
		failed: `${count}: ${group.error?.message ?? 'failed'}`,
		'not-tried': `${count} not tried: ${notTriedReasons[group.reason ?? 'no-readable-pod']}`,
	}[group.result];
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
