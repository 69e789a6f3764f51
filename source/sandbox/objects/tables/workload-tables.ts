/** Tables of workloads. */
import type {V1LabelSelector, V1PodTemplateSpec} from '@kubernetes/client-node';
import type {Json} from '../../../wire/json.ts';
import type {KubeJson, StoredObjects} from '../kube-object.ts';
import {age, columns, duration, labels, type Printer} from './table.ts';

const wide = ['+Containers', '+Images', '+Selector'];

export const deploymentPrinter: Printer<StoredObjects['deployments']> = {
	columns: columns('Name:name', 'Ready', 'Up-to-date', 'Available', 'Age', ...wide),
	row: ({metadata, spec, status = {}}, now) => ({
		cells: [
			metadata.name,
			`${status.readyReplicas ?? 0}/${spec.replicas ?? 1}`,
			String(status.updatedReplicas ?? 0),
			String(status.availableReplicas ?? 0),
			age(metadata.creationTimestamp, now),
			...templateCells(spec),
		],
	}),
};

export const replicaSetPrinter: Printer<StoredObjects['replicasets']> = {
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

export const statefulSetPrinter: Printer<StoredObjects['statefulsets']> = {
	columns: columns('Name:name', 'Ready', 'Age', '+Containers', '+Images'),
	row: ({metadata, spec, status = {}}, now) => ({
		cells: [
			metadata.name,
			`${status.readyReplicas ?? 0}/${spec.replicas ?? 1}`,
			age(metadata.creationTimestamp, now),
			...templateCells(spec).slice(0, 2),
		],
	}),
};

export const daemonSetPrinter: Printer<StoredObjects['daemonsets']> = {
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

export const jobPrinter: Printer<StoredObjects['jobs']> = {
	columns: columns('Name:name', 'Status', 'Completions', 'Duration', 'Age', ...wide),
	row({metadata, spec, status = {}}, now) {
		const done = (status.succeeded ?? 0) >= (spec.completions ?? 1);
		const took = !status.startTime
			? ''
			: duration(Math.max(0, (status.completionTime ? Date.parse(status.completionTime) : now) - Date.parse(status.startTime)));
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

export const cronJobPrinter: Printer<StoredObjects['cronjobs']> = {
	columns: columns('Name:name', 'Schedule', 'Timezone', 'Suspend', 'Active:integer', 'Last Schedule', 'Age', ...wide),
	row: ({metadata, spec, status = {}}, now) => ({
		cells: [
			metadata.name,
			spec.schedule,
			spec.timeZone ?? '<none>',
			spec.suspend ? 'True' : 'False',
			(status.active ?? []).length,
			!status.lastScheduleTime ? '<none>' : age(status.lastScheduleTime, now),
			age(metadata.creationTimestamp, now),
			...templateCells(spec.jobTemplate.spec),
		],
	}),
};

function templateCells({template, selector}: {template: KubeJson<V1PodTemplateSpec>; selector?: Json<V1LabelSelector>}): string[] {
	const containers = template.spec?.containers ?? [];
	return [containers.map(({name}) => name).join(','), containers.map(({image}) => image).join(','), labels(selector?.matchLabels)];
}
