/** `spoke audit` as data. */
import {helpFlag, probeFlag, readOnlyAnyway} from '../../command-line/common-flags.ts';
import {connectionFlags} from '../../command-line/connection-flags.ts';
import type {CommandRow} from '../command.ts';

const flags = [
	{name: 'require', kind: 'strings', value: 'WORD', suggests: ['verified', 'tunnelled', 'protected'], help: 'verified, tunnelled, protected or ROW=pass; repeat for several. Not met ends with status 3, undecided with 4'},
	{name: 'min-basis', kind: 'string', default: 'proven', value: 'BASIS', oneOf: ['proven', 'inferred'], help: 'how surely a requirement must be known'},
	probeFlag,
	{name: 'output', short: 'o', kind: 'string', default: 'text', value: 'FORMAT', oneOf: ['text', 'json', 'junit'], help: 'text with a picture, one JSON object, or JUnit for CI'},
	readOnlyAnyway,
	helpFlag,
	...connectionFlags,
] as const;

export const auditRow = {
	name: 'audit',
	summary: 'check every path between nodes and the control plane of this cluster',
	usage: ['audit [flags]'],
	about: 'One row for each path of the documentation’s page “Communication between Nodes and the Control Plane”: pass, warn, fail, unknown or not-applicable, with its basis, evidence and remedy.\nReads only what your rights allow; what is closed is unknown and names the right that would tell.',
	examples: [
		['spoke audit', 'the picture and all rows'],
		['spoke audit --require verified --require protected -o junit', 'a gate in CI'],
		['spoke audit --probe active -o json', 'prove the route too, for a script'],
	],
	flags,
} as const satisfies CommandRow<typeof flags>;
