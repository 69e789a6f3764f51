/** Admission of written objects. */
import {isJsonObject, type JsonObject} from '../../wire/json.ts';
import type {NewMeta, NewObject, ResourceName} from '../objects/kube-object.ts';
import type {StoredResource} from '../objects/resource-specs.ts';
import {ApiFailure} from './status.ts';

type Named = Pick<StoredResource, 'name' | 'group' | 'kind'>;
type Written = {metadata: NewMeta; spec?: unknown};

const workloads: readonly string[] = ['deployments', 'replicasets', 'statefulsets', 'daemonsets', 'jobs'];
const replicated: readonly string[] = ['deployments', 'replicasets', 'statefulsets'];

/** Sets defaults in `object`, and returns it. @throws ApiFailure 422: pkg/apis/core/validation, pkg/apis/apps/validation */
export function admit(resourceSpec: Named, object: Written): NewObject<ResourceName> {
	const {spec} = object;
	if (resourceSpec.name === 'pods') {
		requirePod(spec, 'spec', resourceSpec, object);
	} else if (resourceSpec.name === 'services') {
		requireField(isJsonObject(spec), 'spec', resourceSpec, object);
	} else if (workloads.includes(resourceSpec.name)) {
		admitWorkload(spec, resourceSpec, object);
	}

	return object;
}

function admitWorkload(spec: unknown, resourceSpec: Named, object: Written): void {
	requireField(isJsonObject(spec), 'spec', resourceSpec, object);
	requireField(isJsonObject(spec['template']), 'spec.template', resourceSpec, object);
	const template: JsonObject = spec['template'];
	if (resourceSpec.name !== 'jobs') {
		requireField(isJsonObject(spec['selector']), 'spec.selector', resourceSpec, object);
		requireField(isJsonObject(memberOf(template['metadata'], 'labels')), 'spec.template.metadata.labels', resourceSpec, object);
	}

	requirePod(template['spec'], 'spec.template.spec', resourceSpec, object);
	if (replicated.includes(resourceSpec.name)) {
		spec['replicas'] ??= 1;
		const {replicas} = spec;
		if (typeof replicas !== 'number' || !Number.isSafeInteger(replicas) || replicas < 0) {
			throw invalid(
				'spec.replicas',
				`Invalid value: ${JSON.stringify(replicas)}: must be greater than or equal to 0`,
				resourceSpec,
				object,
			);
		}
	}
}

function requirePod(spec: unknown, path: string, resourceSpec: Named, object: Written): void {
	requireField(
		isJsonObject(spec) && Array.isArray(spec['containers']) && spec['containers'].length > 0,
		`${path}.containers`,
		resourceSpec,
		object,
	);
	for (const list of ['containers', 'initContainers', 'ephemeralContainers']) {
		const containers = spec[list] ?? [];
		requireField(Array.isArray(containers), `${path}.${list}`, resourceSpec, object);
		for (const [index, container] of containers.entries()) {
			for (const field of ['name', 'image']) {
				const value = memberOf(container, field);
				requireField(typeof value === 'string' && value !== '', `${path}.${list}[${index}].${field}`, resourceSpec, object);
			}
		}
	}
}

function requireField(isValid: boolean, field: string, resourceSpec: Named, object: Written): asserts isValid {
	if (!isValid) {
		throw invalid(field, 'Required value', resourceSpec, object);
	}
}

function invalid(field: string, message: string, {group, kind}: Named, {metadata: {name}}: Written): ApiFailure {
	return new ApiFailure(422, 'Invalid', `${group === '' ? kind : `${kind}.${group}`} "${name}" is invalid: ${field}: ${message}`, {
		details: {
			name,
			...(group !== '' && {group}),
			kind,
			causes: [{reason: message.startsWith('Required') ? 'FieldValueRequired' : 'FieldValueInvalid', message, field}],
		},
	});
}

function memberOf(value: unknown, name: string): unknown {
	return isJsonObject(value) ? value[name] : undefined;
}
