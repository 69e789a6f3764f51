/** Tables of workloads. */
import type {Json, KubeObject} from '../kube-object.ts';
import {age, columns, duration, labels, type Printer} from './table.ts';

const wide = ['+Containers', '+Images', '+Selector'];

export const deploymentPrinter: Printer = {
	columns: columns('Name:name', 'Ready', 'Up-to-date', 'Available', 'Age', ...wide),
	row: ({metadata, spec, status = {}}, now) => ({
		cells: [
			metadata.name,
			`${status.readyReplicas ?? 0}/${spec.replicas}`,
			String(status.updatedReplicas ?? 0),
			String(status.availableReplicas ?? 0),
			age(metadata.creationTimestamp, now),
			...templateCells(spec),
		],
	}),
};

export const replicaSetPrinter: Printer = {
	columns: columns('Name:name', 'Desired:integer', 'Current:integer', 'Ready:integer', 'Age', ...wide),
	row: ({metadata, spec, status = {}}, now) => ({
		cells: [
			metadata.name,
			spec.replicas,
			status.replicas ?? 0,
			status.readyReplicas ?? 0,
			age(metadata.creationTimestamp, now),
			...templateCells(spec),
		],
	}),
};

export const statefulSetPrinter: Printer = {
	columns: columns('Name:name', 'Ready', 'Age', '+Containers', '+Images'),
	row: ({metadata, spec, status = {}}, now) => ({
		cells: [
			metadata.name,
			`${status.readyReplicas ?? 0}/${spec.replicas}`,
			age(metadata.creationTimestamp, now),
			...templateCells(spec).slice(0, 2),
		],
	}),
};

export const daemonSetPrinter: Printer = {
	columns: columns(
		'Name:name',
		'Desired:integer',
		'Current:integer',
		'Ready:integer',
		'Up-to-date:integer',
		'Available:integer',
		'Node Selector',
		'Age',
		...wide,
	),
	row: ({metadata, spec, status = {}}, now) => ({
		cells: [
			metadata.name,
			status.desiredNumberScheduled ?? 0,
			status.currentNumberScheduled ?? 0,
			status.numberReady ?? 0,
			status.updatedNumberScheduled ?? 0,
			status.numberAvailable ?? 0,
			labels(spec.template.spec.nodeSelector),
			age(metadata.creationTimestamp, now),
			...templateCells(spec),
		],
	}),
};

export const jobPrinter: Printer = {
	columns: columns('Name:name', 'Status', 'Completions', 'Duration', 'Age', ...wide),
	row({metadata, spec, status = {}}: KubeObject, now) {
		const done = status.succeeded >= (spec.completions ?? 1);
		const took =
			status.startTime === undefined
				? ''
				: duration(
						Math.max(0, (status.completionTime === undefined ? now : Date.parse(status.completionTime)) - Date.parse(status.startTime)),
					);
		return {
			cells: [
				metadata.name,
				done ? 'Complete' : status.failed ? 'Failed' : 'Running',
				`${status.succeeded ?? 0}/${spec.completions ?? 1}`,
				took,
				age(metadata.creationTimestamp, now),
				...templateCells(spec),
			],
		};
	},
};

export const cronJobPrinter: Printer = {
	columns: columns('Name:name', 'Schedule', 'Timezone', 'Suspend', 'Active:integer', 'Last Schedule', 'Age', ...wide),
	row: ({metadata, spec, status = {}}, now) => ({
		cells: [
			metadata.name,
			spec.schedule,
			spec.timeZone ?? '<none>',
			spec.suspend ? 'True' : 'False',
			(status.active ?? []).length,
			status.lastScheduleTime === undefined ? '<none>' : age(status.lastScheduleTime, now),
			age(metadata.creationTimestamp, now),
			...templateCells(spec.jobTemplate.spec),
		],
	}),
};

function templateCells({template, selector}: Json): string[] {
	const containers = template.spec.containers as Json[];
	return [
		containers.map(({name}) => name as string).join(','),
		containers.map(({image}) => image as string).join(','),
		labels(selector?.matchLabels),
	];
}
