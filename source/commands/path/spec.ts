/** `spoke path` as data. */
import {helpFlag, minBasisFlag, probeFlag, acceptedReadOnlyFlag} from '../../command-line/common-flags.ts';
import {connectionFlags} from '../../command-line/connection-flags.ts';
import {requireWords} from '../../evidence/require-path.ts';
import type {CommandSpec} from '../command.ts';

const flags = [
	{
		name: 'feature',
		kind: 'strings',
		value: 'FEATURE,…',
		suggests: ['logs', 'exec', 'attach', 'port-forward', 'node-proxy', 'pod-proxy', 'service-proxy'],
		help: 'only these of logs, exec, attach, port-forward, node-proxy, pod-proxy, service-proxy',
	},
	{
		name: 'require',
		kind: 'strings',
		value: 'WORD',
		suggests: requireWords,
		help: 'verified, tunnelled or protected, for every feature that is printed; repeat for several. Exits 3 if not met, 4 if undecided',
	},
	minBasisFlag,
	probeFlag,
	{
		name: 'output',
		short: 'o',
		kind: 'string',
		default: 'text',
		value: 'FORMAT',
		oneOf: ['text', 'json'],
		help: 'text, or json: one Path object a line',
	},
	acceptedReadOnlyFlag,
	helpFlag,
	...connectionFlags,
] as const;

export const pathSpec = {
	name: 'path',
	summary: 'say how each leg to a pod, node or service goes, and how that is known',
	usage: ['path TARGET [flags]'],
	about:
		'Reads what your rights allow and says for each feature: TLS and route of both legs, the basis of each word, its evidence, what is missing and what to do.\nNothing is opened to the target unless --probe active is given: then a few idle port-forwards are held for a moment and one log line is read.\nTARGET may carry the proxy’s form: svc/https:web:443, node/n1:9100/metrics. Of a service’s ports none need be named: their ways differ by scheme alone, and with several a notice says which is told.',
	examples: [
		['spoke path deploy/web', 'every feature to a pod of a deployment'],
		['spoke path svc/web --feature port-forward,service-proxy -o json', 'two features, for a script'],
		['spoke path deploy/web --feature exec --require verified', 'exits 0 only if each leg is verified'],
		['spoke path node/n1 --probe active', 'prove the route with idle connections of your own'],
	],
	flags,
} as const satisfies CommandSpec<typeof flags>;
