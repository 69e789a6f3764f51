/** Ready pods of a service. */
import test from 'ava';
import {countServicePods, servicePodsCell, type EndpointSlice} from '../../../source/session/lists/problems.ts';

const slice = (name: string, service: string | null, endpoints: EndpointSlice['endpoints']): EndpointSlice => ({
	metadata: {name, ...(service !== null && {labels: {'kubernetes.io/service-name': service}})},
	...(endpoints !== undefined && {endpoints}),
});
const pod = (uid: string, ready?: boolean) => ({targetRef: {kind: 'Pod', uid}, conditions: {...(ready !== undefined && {ready})}});

const rows: ReadonlyArray<readonly [what: string, slices: readonly EndpointSlice[], cells: Record<string, string>]> = [
	['ready ones of all', [slice('web-1', 'web', [pod('a', true), pod('b', false), pod('c', true)])], {web: '2/3'}],
	['a pod of two address families once', [slice('web-4', 'web', [pod('a', true)]), slice('web-6', 'web', [pod('a', true)])], {web: '1/1'}],
	['readiness that is left out is ready', [slice('web-1', 'web', [pod('a')])], {web: '1/1'}],
	['a service whose slice is empty has none', [slice('web-1', 'web', undefined), slice('db-1', 'db', [])], {web: '0/0', db: '0/0'}],
	['endpoints that are no pods are not counted, nor called none', [slice('kubernetes', 'kubernetes', [{conditions: {ready: true}}])], {}],
	['a slice of nobody', [slice('x', null, [pod('a', true)])], {}],
];

for (const [what, slices, cells] of rows) {
	test(what, t => {
		t.deepEqual(Object.fromEntries(countServicePods(slices)), cells);
	});
}

test('an unknown count is not zero, and counts of another namespace are not used', t => {
	const known = {namespace: 'shop', cells: new Map([['web', '2/3']])};
	t.is(servicePodsCell(known, 'shop', 'web'), '2/3');
	t.is(servicePodsCell(known, 'default', 'web'), '?');
	t.is(servicePodsCell(undefined, 'shop', 'web'), '?');
	t.is(servicePodsCell(known, 'shop', 'external'), '–');
});
