/** Admission of written objects: only what the sandbox itself needs of them. */
import {isJsonObject} from '../../wire/json.ts';
import type {NewMeta, NewObject, ResourceName} from '../objects/kube-object.ts';
import type {StoredResource} from '../objects/resource-specs.ts';
import {ApiFailure} from './status.ts';

type Named = Pick<StoredResource, 'name' | 'group' | 'kind'>;
type Written = {metadata: NewMeta; spec?: unknown};

/** Sets defaults in `object`, and returns it. @throws ApiFailure 422: pkg/apis/core/validation, pkg/apis/apps/validation */
export function admit(resourceSpec: Named, object: Written): NewObject<ResourceName> {
	const {spec} = object;
	if (resourceSpec.name === 'pods') {
		requireContainers(spec, 'spec', resourceSpec, object);
	} else if (resourceSpec.name === 'services') {
		requireField(isJsonObject(spec), 'spec', resourceSpec, object);
	} else if (resourceSpec.name === 'jobs' || resourceSpec.group === 'apps') {
		const template = memberOf(spec, 'template');
		requireField(isJsonObject(template), 'spec.template', resourceSpec, object);
		if (resourceSpec.group === 'apps') {
			requireField(isJsonObject(memberOf(spec, 'selector')), 'spec.selector', resourceSpec, object);
			requireField(isJsonObject(memberOf(template['metadata'], 'labels')), 'spec.template.metadata.labels', resourceSpec, object);
			const replicas = memberOf(spec, 'replicas') ?? 1;
			const isCount = Number.isSafeInteger(replicas) && Number(replicas) >= 0;
			requireField(isCount, 'spec.replicas', resourceSpec, object, 'Invalid value: must be greater than or equal to 0');
		}

		requireContainers(template['spec'], 'spec.template.spec', resourceSpec, object);
	}

	return object;
}

function requireContainers(spec: unknown, path: string, resourceSpec: Named, object: Written): void {
	const hasContainers = Array.isArray(memberOf(spec, 'containers')) && (memberOf(spec, 'containers') as unknown[]).length > 0;
	requireField(hasContainers, `${path}.containers`, resourceSpec, object);
	for (const list of ['containers', 'initContainers', 'ephemeralContainers']) {
		const containers = memberOf(spec, list) ?? [];
		requireField(Array.isArray(containers), `${path}.${list}`, resourceSpec, object);
		for (const [index, container] of containers.entries()) {
			for (const field of ['name', 'image']) {
				const value = memberOf(container, field);
				requireField(typeof value === 'string' && value !== '', `${path}.${list}[${index}].${field}`, resourceSpec, object);
			}
		}
	}
}

function requireField(
	isValid: boolean,
	field: string,
	{group, kind}: Named,
	{metadata: {name}}: Written,
	message = 'Required value',
): asserts isValid {
	if (!isValid) {
		const reason = message === 'Required value' ? 'FieldValueRequired' : 'FieldValueInvalid';
		throw new ApiFailure(422, 'Invalid', `${group === '' ? kind : `${kind}.${group}`} "${name}" is invalid: ${field}: ${message}`, {
			details: {name, ...(group !== '' && {group}), kind, causes: [{reason, message, field}]},
		});
	}
}

function memberOf(value: unknown, name: string): unknown {
	return isJsonObject(value) ? value[name] : undefined;
}
