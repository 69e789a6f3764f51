/** Spec of `spoke schema`. */
import {helpFlag} from '../../base/command-line/connection-flags.ts';
import type {CommandSpec} from '../command.ts';

const flags = [helpFlag] as const;

export const schemaNames = [
	'audit',
	'copy-entry',
	'copy-summary',
	'detached-forward',
	'doctor',
	'error',
	'exported-log',
	'keymap',
	'log-line',
	'node-check',
	'node-check-summary',
	'node-log-line',
	'path',
	'port-forward-event',
	'resource-list',
	'resource-row',
	'tool-result',
	'version',
] as const;

export const schemaSpec = {
	name: 'schema',
	summary: 'print the JSON Schema of an object that -o json prints',
	usage: ['schema', 'schema NAME'],
	about:
		'Without a name, lists the schemas. The schemas are JSON Schema draft-07. A schema refers to another by its file name, for example `path.json`.\nLater versions can add fields, enum values, audit rows and events. docs/json.md lists what stays the same.',
	examples: [
		['spoke schema', 'the names of all schemas'],
		['spoke schema log-line', 'the schema of `spoke logs -o json`'],
	],
	flags,
} as const satisfies CommandSpec<typeof flags>;
