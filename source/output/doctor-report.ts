/** A doctor run as text. */
import {describeDoctorResult, describeStepDetails, doctorStepMarks, doctorStepNames} from '../descriptions/describe-doctor.ts';
import type {Part} from '../descriptions/parts.ts';
import type {Doctor, DoctorStep, NodeCheckSummary, NodeGroup} from '../evidence/doctor/doctor-object.ts';
import {sanitizeLine} from '../text/sanitize.ts';
import {
	describeNodeCheckSummary,
	describeNodeGroup,
	describeNodeGroupDetails,
	nodeResultMarks,
} from '../descriptions/describe-node-checks.ts';
import {clusterName} from './path-report.ts';

const maxNodes = 20;

export function doctorReport(doctor: Doctor): string {
	const {path, steps} = doctor;
	return [
		...(path ? [sanitizeLine(path.line), ''] : []),
		...steps.flatMap(step => stepLines(step)),
		'',
		sanitizeLine(describeDoctorResult(doctor)),
		'',
	].join('\n');
}

function stepLines(step: DoctorStep): string[] {
	return [
		`${doctorStepMarks[step.status]} ${doctorStepNames[step.name].padEnd(12)} ${sanitizeLine(step.observed)}`,
		...detailLines(describeStepDetails(step)),
	];
}

/** Below a step, or a group of nodes. */
function detailLines(details: ReadonlyArray<Part<string>>): string[] {
	return details.map(({role, text}) => `      ${role.padEnd(8)} ${sanitizeLine(text)}`);
}

/** A check of all kubelets as text. */
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
