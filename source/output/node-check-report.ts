/** A check of all kubelets as text. */
import {
	describeNodeCheckSummary,
	describeNodeGroup,
	describeNodeGroupDetails,
	nodeResultMarks,
} from '../descriptions/describe-node-checks.ts';
import type {NodeCheckSummary, NodeGroup} from '../evidence/node-checks/node-check.ts';
import {sanitizeLine} from '../text/sanitize-line.ts';
import {detailLines} from './doctor-report.ts';
import {clusterName} from './cluster-name.ts';

const maxNodes = 20;

export function nodeCheckReport(summary: NodeCheckSummary): string {
	const {cluster, groups, stopped, error, timeoutMs} = summary;
	return [
		sanitizeLine(`${clusterName(cluster)}  ${cluster.version ?? 'version unknown'}`),
		'',
		...groups.flatMap(group => groupLines(group, timeoutMs)),
		'',
		...(stopped === null ? [] : [sanitizeLine(`stopped: ${error ? `${error.message} [${error.code}]` : stopped}`)]),
		sanitizeLine(describeNodeCheckSummary(summary)),
		'',
	].join('\n');
}

function groupLines(group: NodeGroup, timeoutMs: number): string[] {
	return [
		`${nodeResultMarks[group.result]} ${sanitizeLine(describeNodeGroup(group, timeoutMs))}`,
		...detailLines(describeNodeGroupDetails(group, maxNodes)),
	];
}
