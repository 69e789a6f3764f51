/** Tables of services, endpoints and endpoint slices. */
import type {Json} from '../kube-object.ts';
import {age, columns, labels, type Printer} from './table.ts';

export const servicePrinter: Printer = {
	columns: columns('Name:name', 'Type', 'Cluster-IP', 'External-IP', 'Port(s)', 'Age', '+Selector'),
	row: ({metadata, spec}, now) => ({
		cells: [
			metadata.name,
			spec.type,
			spec.clusterIP,
			'<none>',
			((spec.ports ?? []) as Json[]).map(({port, protocol}) => `${port}/${protocol}`).join(',') || '<none>',
			age(metadata.creationTimestamp, now),
			labels(spec.selector),
		],
	}),
};

export const endpointsPrinter: Printer = {
	columns: columns('Name:name', 'Endpoints', 'Age'),
	row: ({metadata, subsets}, now) => ({
		cells: [
			metadata.name,
			firstOf(
				((subsets ?? []) as Json[]).flatMap(({addresses = [], ports = []}) =>
					(ports as Json[]).flatMap(({port}) => (addresses as Json[]).map(({ip}) => `${ip}:${port}`)),
				),
			),
			age(metadata.creationTimestamp, now),
		],
	}),
};

export const endpointSlicePrinter: Printer = {
	columns: columns('Name:name', 'AddressType', 'Ports', 'Endpoints', 'Age'),
	row: ({metadata, addressType, ports, endpoints}, now) => ({
		cells: [
			metadata.name,
			addressType,
			firstOf(((ports ?? []) as Json[]).map(({port}) => String(port))).replace('<none>', '<unset>'),
			firstOf(((endpoints ?? []) as Json[]).flatMap(({addresses}) => addresses as string[])).replace('<none>', '<unset>'),
			age(metadata.creationTimestamp, now),
		],
	}),
};

function firstOf(all: readonly string[]): string {
	return all.length === 0 ? '<none>' : all.slice(0, 3).join(',') + (all.length > 3 ? ` + ${all.length - 3} more...` : '');
}
