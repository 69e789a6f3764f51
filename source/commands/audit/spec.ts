/** Spec of `spoke audit`. */
import {helpFlag, minBasisFlag, probeFlag, acceptedReadOnlyFlag, multiContextFlags} from '../../base/command-line/connection-flags.ts';
import {rowIds} from '../../evidence/audit/audit-object.ts';
import {requirementNames} from '../../evidence/require-path.ts';
import type {CommandSpec} from '../command.ts';

const flags = [
	{
		name: 'require',
		kind: 'strings',
		value: 'REQUIREMENT',
		suggests: [...requirementNames, ...rowIds.map(id => `${id}=pass`)],
		help: 'requirement: verified, tunnelled or protected, as explained above, or ROW=pass; exits 3 if not met, 4 if undecided; repeat for several',
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
		oneOf: ['text', 'json', 'junit', 'sarif'],
		help: 'text with a diagram, one JSON object, or JUnit or SARIF for CI',
	},
	acceptedReadOnlyFlag,
	helpFlag,
	...multiContextFlags,
] as const;

export const auditSpec = {
	name: 'audit',
	summary: 'check every path between the nodes and the control plane',
	usage: ['audit [flags]'],
	about:
		'Checks each path that the Kubernetes documentation describes in “Communication between Nodes and the Control Plane”. Each row is pass, warn, fail, unknown or not-applicable, with its basis, evidence and remedy; docs/audit.md lists the rows.\nReads only what your permissions allow; a row that cannot be read is unknown and names the permission it needs.\nWithout --require, exits 0 if the audit ran, also if a row is fail.\n--require verified: every apiserver checks the certificates of the kubelets (row C4).\n--require tunnelled: every apiserver reaches the nodes through Konnectivity or an HTTP CONNECT egress proxy (row C10).\n--require protected: every kind of connection from the apiserver is verified, or runs inside Konnectivity’s TLS up to the node network (row C11). The opposite is exposed.\nspoke path --require differs: verified covers the certificates of both legs, and an SSH tunnel or an egress of unknown kind counts as tunnelled.\nWith --require, only required rows are failures in -o junit, and only they have level error in -o sarif. If the audit cannot run, junit and sarif reports have the error and no rows. Rows N5 and C11 summarize other rows. Waiving a summarized row does not waive its summary: pass --accept for N5 or C11, too.\nWith several contexts, audits each cluster with its own credentials. Text is a table with one row per context, json one object per line, and every other format one document with all of them. A cluster that cannot be audited is a row with its error. Exits 3 if a cluster does not meet a requirement. Otherwise exits 4 if a requirement is undecided. Otherwise exits with the status of the first failure, or 0.',
	examples: [
		['spoke audit', 'the diagram and all rows'],
		['spoke audit --require verified --require protected -o junit', 'a check in CI'],
		['spoke audit --require verified --accept "C4=private network"', 'a check with a waiver, which the report shows'],
		['spoke audit --all-contexts --require verified', 'one table of all clusters of the kubeconfig'],
		['spoke audit --probe active -o json', 'prove the route too, for a script'],
	],
	flags,
} as const satisfies CommandSpec<typeof flags>;
