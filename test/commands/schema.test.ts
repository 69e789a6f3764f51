import {readFile} from 'node:fs/promises';
import test from 'ava';
import {schemaNames} from '../../source/commands/schema/spec.ts';
import type {PrintedEvent} from '../../source/report/output/log-json.ts';
import {runSpoke} from '../support/run-spoke.ts';
import {compile, kindOf, readSchemas, schemaFaults} from '../support/schemas.ts';

type Node = Record<string, unknown>;
const schemas = readSchemas();
const published = compile([...schemas.values()]);

/** Every object of a schema; `isCondition` if it is only part of a condition. */
function* nodesOf(value: unknown, place: string, isCondition = false): Generator<{node: Node; place: string; isCondition: boolean}> {
	if (Array.isArray(value)) {
		for (const [index, one] of value.entries()) {
			yield* nodesOf(one, `${place}/${index}`, isCondition);
		}
	} else if (typeof value === 'object' && value !== null) {
		yield {node: value as Node, place, isCondition};
		for (const [name, one] of Object.entries(value)) {
			yield* nodesOf(one, `${place}/${name}`, isCondition || name === 'if' || name === 'else');
		}
	}
}

for (const [name, schema] of schemas) {
	test(`${name}.json has the id of its file, and all its references resolve`, t => {
		t.is(schema['$id'], `${name}.json`);
		for (const {node, place} of nodesOf(schema, name)) {
			if (typeof node['$ref'] === 'string') {
				const [file, pointer = ''] = node['$ref'].split('#');
				const target = file === '' ? schema : schemas.get(file!.replace('.json', ''));
				t.truthy(
					pointer
						.split('/')
						.slice(1)
						.reduce<unknown>((part, key) => (part as Node | undefined)?.[key], target),
					`${place}: ${node['$ref']}`,
				);
			}
		}
	});

	test(`${name}.json describes every field`, t => {
		const bare: string[] = [];
		for (const {node, place, isCondition} of nodesOf(schema, name)) {
			if (place.endsWith('/properties') && !isCondition && (name === 'port-forward-event' || !place.includes('/then/'))) {
				bare.push(
					...Object.entries(node)
						.filter(([, field]) => typeof (field as Node)['description'] !== 'string')
						.map(([field]) => `${place}/${field}`),
				);
			}
		}

		t.deepEqual(bare, []);
	});

	test(`${name}.json allows additional enum values, fields and items`, t => {
		const open = (node: Node) => Array.isArray(node['anyOf']) && (node['anyOf'] as Node[]).some(one => one['type'] === 'string');
		const closed: string[] = [];
		for (const {node, place, isCondition} of nodesOf(schema, name)) {
			closed.push(...['oneOf', 'maxItems', 'additionalItems'].filter(key => key in node).map(key => `${place}/${key}`));
			closed.push(...(node['additionalProperties'] === false || Array.isArray(node['items']) ? [place] : []));
			for (const [key, part] of Object.entries(node)) {
				const words = (part as Node | null)?.['enum'];
				if (Array.isArray(words) && words.some(word => typeof word === 'string') && !isCondition && !(key === '0' || key === '1')) {
					closed.push(`${place}/${key}`);
				}
			}

			const hasWords = Array.isArray(node['anyOf']) && (node['anyOf'] as Node[]).some(one => 'enum' in one);
			t.true(!hasWords || open(node), place);
		}

		t.deepEqual(closed, []);
	});
}

test('the schema accepts events, audit rows and enum values added later', t => {
	const common = {apiVersion: 'spoke/v1', time: '2026-11-24T14:00:00.123Z'};
	const portForward = published.get('PortForwardEvent')!;
	t.true(portForward({...common, kind: 'PortForwardEvent', event: 'paused', forward: 'f1', more: 1}));
	t.false(portForward({...common, kind: 'PortForwardEvent', event: 'all-ready', forward: null}), 'a known event keeps its fields');
	t.true(
		published.get('LogLine')!({
			...common,
			kind: 'LogLine',
			event: 'rotated',
			namespace: 'a',
			pod: 'b',
			container: 'c',
			timestamp: null,
			text: null,
			base64: null,
			notice: null,
		}),
	);
	const strict = schemaFaults({...common, kind: 'PortForwardEvent', event: 'paused', forward: 'f1'});
	t.true(strict.length > 0, 'but the suite refuses what no schema names');
});

/** Exhaustive by type, in schema order. */
const logEvents: Readonly<Record<PrintedEvent['type'], true>> = {
	opened: true,
	waiting: true,
	stalled: true,
	reconnecting: true,
	resumed: true,
	gap: true,
	restarted: true,
	'server-said': true,
	ended: true,
	'pod-appeared': true,
	'pod-gone': true,
	'no-pods': true,
	'no-more-pods': true,
	failed: true,
	'apiserver-unreachable': true,
	'apiserver-reached': true,
};

test('the schema of log lines names every event', t => {
	const {event} = schemas.get('log-line')!['properties'] as {event: {anyOf: [{enum: string[]}]}};
	t.deepEqual(event.anyOf[0].enum, ['line', ...Object.keys(logEvents)]);
});

test('schema prints each schema unchanged, and lists them without a name', async t => {
	t.deepEqual([...schemas.keys()].sort(), [...schemaNames]);
	for (const name of schemaNames) {
		const {status, stdout} = await runSpoke(['schema', name]);
		t.is(status, 0);
		t.is(stdout, await readFile(new URL(`../../schemas/${name}.json`, import.meta.url), 'utf8'));
	}

	const {stdout} = await runSpoke(['schema']);
	t.deepEqual(
		stdout
			.trimEnd()
			.split('\n')
			.map(line => line.split(' ')[0]),
		[...schemaNames],
	);
	t.regex(stdout, /^log-line +One line or event of a log \(`spoke logs -o json`\)$/m);
});

test('schema rejects an unknown name and suggests a close one', async t => {
	const {status, stdout, stderr} = await runSpoke(['schema', 'log-lines']);
	t.is(status, 2);
	t.is(stdout, '');
	t.regex(stderr, /^error: unknown schema: log-lines \(did you mean `spoke schema log-line`\?\) \[ERR_USAGE\]\n$/);
	t.is((await runSpoke(['schema', 'path', 'audit'])).status, 2);
	t.is((await runSpoke(['schema', 'constructor'])).status, 2);
});

test('no two schemas describe the same kind', t => {
	const kinds = [...schemas.values()].map(schema => kindOf(schema));
	t.is(new Set(kinds).size, kinds.length);
});
