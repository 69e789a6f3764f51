/** Decoder of protobuf reviews. @see apimachinery/pkg/runtime/serializer/protobuf */
import type {JsonObject} from '../../wire/json.ts';

const magic = Buffer.from('k8s\0');

export function decodeReview(body: Buffer): JsonObject | undefined {
	if (!body.subarray(0, 4).equals(magic)) {
		return undefined;
	}

	// The envelope (runtime.Unknown): field 1 is TypeMeta (1 apiVersion, 2 kind), field 2 the encoded object.
	// In a review, field 2 is the spec.
	const [type, raw] = [fieldOf(body.subarray(4), 1), fieldOf(body.subarray(4), 2)];
	const kind = text(type, 2);
	const spec = fieldOf(raw, 2);
	const review = {apiVersion: text(type, 1), kind};
	if (kind === 'SelfSubjectRulesReview') {
		return {...review, spec: {namespace: text(spec, 1)}};
	}

	if (kind === 'SelfSubjectReview') {
		return review;
	}

	if (kind !== 'SelfSubjectAccessReview') {
		return undefined;
	}

	const [resource, path] = [fieldOf(spec, 1), fieldOf(spec, 2)];
	return {
		...review,
		spec: {
			...(resource.length > 0 && {
				resourceAttributes: {
					namespace: text(resource, 1),
					verb: text(resource, 2),
					group: text(resource, 3),
					version: text(resource, 4),
					resource: text(resource, 5),
					subresource: text(resource, 6),
					name: text(resource, 7),
				},
			}),
			...(path.length > 0 && {nonResourceAttributes: {path: text(path, 1), verb: text(path, 2)}}),
		},
	};
}

const emptyBytes = Buffer.alloc(0);

function fieldOf(message: Buffer, wanted: number): Buffer {
	for (let offset = 0; offset < message.length;) {
		const [key, afterKey] = varint(message, offset);
		const wireType = key & 7;
		if (wireType === 2) {
			const [length, start] = varint(message, afterKey);
			if (key >> 3 === wanted) {
				return message.subarray(start, start + length);
			}

			offset = start + length;
		} else if (wireType === 0) {
			[, offset] = varint(message, afterKey);
		} else {
			return emptyBytes;
		}
	}

	return emptyBytes;
}

function text(message: Buffer, field: number): string {
	return fieldOf(message, field).toString();
}

function varint(message: Buffer, offset: number): [value: number, next: number] {
	let value = 0;
	for (let shift = 0; offset < message.length && shift < 35; shift += 7) {
		const byte = message[offset++]!;
		value += (byte & 0x7f) * 2 ** shift;
		if (byte < 0x80) {
			break;
		}
	}

	return [value, offset];
}
