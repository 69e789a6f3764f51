import {readFileSync} from 'node:fs';
import test from 'ava';
import {parse} from 'yaml';
import {currentInstance, type ContainerInstance} from '../../../source/streams/logs/container-instance.ts';
import type {ContainerStatus, PodObject} from '../../../source/cluster/targets/pod-object.ts';

/** A row of container-instances.yaml. */
type Row = {
	title: string;
	role?: 'regular' | 'init' | 'ephemeral';
	policy?: string;
	phase?: string;
	deleted?: boolean;
	/** Of the container. */
	spec?: object;
	status?: Partial<ContainerStatus>;
	/** Of a pod whose containers have no status. */
	conditions?: readonly object[];
	instance: Partial<ContainerInstance>;
};

const rows = parse(readFileSync(new URL('container-instances.yaml', import.meta.url), 'utf8')) as readonly Row[];

function podOf({role = 'regular', policy = 'Always', phase = 'Running', deleted = false, spec, status, conditions}: Row): PodObject {
	const container = {name: 'c', ...spec};
	const statuses = {regular: 'containerStatuses', init: 'initContainerStatuses', ephemeral: 'ephemeralContainerStatuses'} as const;
	return {
		metadata: {name: 'p', ...(deleted && {deletionTimestamp: 'now'})},
		spec: {
			restartPolicy: policy,
			containers: role === 'regular' ? [container] : [{name: 'main'}],
			...(role === 'init' && {initContainers: [container]}),
			...(role === 'ephemeral' && {ephemeralContainers: [container]}),
		},
		status: {phase, ...(conditions ? {conditions} : {[statuses[role]]: [{name: 'c', ...status}]})},
	} as PodObject;
}

for (const row of rows) {
	test(`${row.title} is ${row.instance.state}`, t => {
		t.like(currentInstance(podOf(row), 'c'), row.instance);
	});
}
