/** `spoke audit` as data. */
import {helpFlag, minBasisFlag, probeFlag, acceptedReadOnlyFlag} from '../../command-line/common-flags.ts';
import {connectionFlags} from '../../command-line/connection-flags.ts';
import {rowIds} from '../../evidence/audit/audit-object.ts';
import {requireWords} from '../../evidence/require-path.ts';
import type {CommandSpec} from '../command.ts';

const flags = [
	{
		name: 'require',
		kind: 'strings',
		value: 'WORD',
		suggests: [...requireWords, ...rowIds.map(id => `${id}=pass`)],
		help: 'verified, tunnelled, protected or ROW=pass; repeat for several. Exits 3 if not met, 4 if undecided',
	},
	minBasisFlag,
	{
		name: 'accept',
		kind: 'texts',
		value: 'ROW=REASON',
		suggests: rowIds.map(id => `${id}=`),
		help: 'waive this row: it does not fail --require, and the report shows the reason; repeat for several',
	},
	probeFlag,
	{
		name: 'output',
		short: 'o',
		kind: 'string',
		default: 'text',
		value: 'FORMAT',
		oneOf: ['text', 'json', 'junit'],
		help: 'text with a picture, one JSON object, or JUnit for CI',
	},
	acceptedReadOnlyFlag,
	helpFlag,
	...connectionFlags,
] as const;

export const auditSpec = {
	name: 'audit',
	summary: 'check every path between nodes and the control plane of this cluster',
	usage: ['audit [flags]'],
	about:
		'One row for each path of the documentation’s page “Communication between Nodes and the Control Plane”: pass, warn, fail, unknown or not-applicable, with its basis, evidence and remedy.\nReads only what your rights allow; what is closed is unknown and names the right that would tell.\nWith -o junit, --require makes only the required rows failures; an audit that could not run is one error. A row that sums others (N5, C11) is accepted by its own name.',
	examples: [
		['spoke audit', 'the picture and all rows'],
		['spoke audit --require verified --require protected -o junit', 'a gate in CI'],
		['spoke audit --require verified --accept "C4=private network"', 'a gate with a waiver, which the report shows'],
		['spoke audit --probe active -o json', 'prove the route too, for a script'],
	],
	flags,
} as const satisfies CommandSpec<typeof flags>;
