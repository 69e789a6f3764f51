/** Admission of written objects. */
import type {Json, KubeObject, NewObject} from '../objects/kube-object.ts';
import {parseSchedule} from '../objects/cron-schedule.ts';
import type {ResourceSpec} from '../objects/resource-specs.ts';
import {ApiFailure} from './status.ts';

type Named = Pick<ResourceSpec, 'name' | 'group' | 'kind'>;

const workloads = ['deployments', 'replicasets', 'statefulsets', 'daemonsets', 'jobs'];
const replicated = ['deployments', 'replicasets', 'statefulsets'];

/** Changes and returns `object`. @throws ApiFailure 422: pkg/apis/core/validation, pkg/apis/apps/validation */
export function admit<T extends NewObject | KubeObject>(resourceSpec: Named, object: T): T {
	const spec = object['spec'] as unknown;
	if (resourceSpec.name === 'pods') {
		requirePod(spec, 'spec', resourceSpec, object);
	} else if (resourceSpec.name === 'services') {
		requireField(isMap(spec), 'spec', resourceSpec, object);
	} else if (resourceSpec.name === 'cronjobs') {
		admitCronJob(spec, resourceSpec, object);
	} else if (workloads.includes(resourceSpec.name)) {
		admitWorkload(spec, resourceSpec, object);
	}

	return object;
}

function admitWorkload(spec: unknown, resourceSpec: Named, object: NewObject): void {
	requireField(isMap(spec), 'spec', resourceSpec, object);
	requireField(isMap(spec['template']), 'spec.template', resourceSpec, object);
	const {template, selector} = spec;
	if (resourceSpec.name !== 'jobs') {
		requireField(isMap(selector), 'spec.selector', resourceSpec, object);
		requireField(isMap(template.metadata?.labels), 'spec.template.metadata.labels', resourceSpec, object);
	}

	requirePod(template.spec, 'spec.template.spec', resourceSpec, object);
	if (replicated.includes(resourceSpec.name)) {
		spec['replicas'] ??= 1;
		const {replicas} = spec;
		if (!Number.isSafeInteger(replicas) || replicas < 0) {
			throw invalid(
				'spec.replicas',
				`Invalid value: ${JSON.stringify(replicas)}: must be greater than or equal to 0`,
				resourceSpec,
				object,
			);
		}
	}
}

function admitCronJob(spec: unknown, resourceSpec: Named, object: NewObject): void {
	requireField(isMap(spec), 'spec', resourceSpec, object);
	requireField(typeof spec['schedule'] === 'string' && spec['schedule'] !== '', 'spec.schedule', resourceSpec, object);
	if (!parseSchedule(spec['schedule'])) {
		throw invalid('spec.schedule', `Invalid value: ${JSON.stringify(spec['schedule'])}: unsupported schedule`, resourceSpec, object);
	}

	requireField(isMap(spec['jobTemplate']?.spec?.template), 'spec.jobTemplate.spec.template', resourceSpec, object);
	requirePod(spec['jobTemplate'].spec.template.spec, 'spec.jobTemplate.spec.template.spec', resourceSpec, object);
	spec['suspend'] ??= false;
	spec['concurrencyPolicy'] ??= 'Allow';
}

function requirePod(spec: unknown, path: string, resourceSpec: Named, object: NewObject): void {
	requireField(
		isMap(spec) && Array.isArray(spec['containers']) && spec['containers'].length > 0,
		`${path}.containers`,
		resourceSpec,
		object,
	);
	for (const list of ['containers', 'initContainers', 'ephemeralContainers']) {
		for (const [index, container] of ((spec[list] as Json[] | undefined) ?? []).entries()) {
			for (const field of ['name', 'image']) {
				requireField(
					typeof container[field] === 'string' && container[field] !== '',
					`${path}.${list}[${index}].${field}`,
					resourceSpec,
					object,
				);
			}
		}
	}
}

function requireField(isValid: boolean, field: string, resourceSpec: Named, object: NewObject): asserts isValid {
	if (!isValid) {
		throw invalid(field, 'Required value', resourceSpec, object);
	}
}

function invalid(field: string, message: string, {group, kind}: Named, {metadata: {name}}: NewObject): ApiFailure {
	return new ApiFailure(422, 'Invalid', `${group === '' ? kind : `${kind}.${group}`} "${name}" is invalid: ${field}: ${message}`, {
		details: {
			name,
			...(group !== '' && {group}),
			kind,
			causes: [{reason: message.startsWith('Required') ? 'FieldValueRequired' : 'FieldValueInvalid', message, field}],
		},
	});
}

function isMap(value: unknown): value is Json {
	return typeof value === 'object' && value !== null && !Array.isArray(value);
}
