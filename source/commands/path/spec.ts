/** Spec of `spoke path`. */
import {
	acceptedReadOnlyFlag,
	helpFlag,
	minBasisFlag,
	outputFlag,
	probeFlag,
	multiContextFlags,
} from '../../base/command-line/connection-flags.ts';
import {requirementNames} from '../../evidence/require-path.ts';
import {streamFeatures} from '../../streams/connection-observer.ts';
import type {CommandSpec} from '../command.ts';

const flags = [
	{
		name: 'feature',
		kind: 'strings',
		value: 'FEATURE,…',
		suggests: streamFeatures,
		help: `features to show: ${streamFeatures.join(', ')}; defaults to all that apply`,
	},
	{
		name: 'require',
		kind: 'strings',
		value: 'REQUIREMENT',
		suggests: requirementNames,
		help: 'requirement for every feature shown: verified, tunnelled or protected, as explained above; exits 3 if not met, 4 if undecided; repeat for several',
	},
	minBasisFlag,
	probeFlag,
	outputFlag('text, or json: one Path object per line'),
	acceptedReadOnlyFlag,
	helpFlag,
	...multiContextFlags,
] as const;

export const pathSpec = {
	name: 'path',
	summary: 'show TLS and route of each leg to a pod, node or service, with evidence',
	usage: ['path TARGET [flags]'],
	about:
		'Reads what your permissions allow and prints, for each feature, the TLS state and route of both legs with basis, missing permissions or probes, and remedies, equal paths once. With -v 1, it prints the evidence of each verdict, too.\nOpens no connection to the target unless you pass --probe active. That runs the route test, which opens idle port-forwards to a pod and reads one byte of its log; docs/permissions.md says what else it does.\nTARGET can use the proxy form: svc/https:web:443, node/n1:9100/metrics. For a service, you can omit the port: connections to all its ports have the same TLS state and route. Only https: makes a difference.\n--require verified: on both legs, the certificate was checked and accepted, or leg 2 is enforced: the apiserver checks the certificate before it sends anything.\n--require tunnelled: leg 2 takes a tunnel (konnectivity, egress-http-connect, egress or ssh-tunnel).\n--require protected: the apiserver checks the kubelet’s certificate, or leg 2 runs inside Konnectivity’s TLS up to the node network. An SSH tunnel alone does not protect, because it checks no host key. The opposite is exposed.\nspoke audit is narrower: there, verified covers only kubelet certificates, and an SSH tunnel or an egress of unknown kind does not count as tunnelled.\nWith several contexts, prints the paths in each cluster, and --require holds for each.',
	examples: [
		['spoke path deploy/web', 'every feature to a pod of a deployment'],
		['spoke path deploy/web -v 1', 'the same with evidence'],
		['spoke path svc/web --feature port-forward,service-proxy -o json', 'two features, for a script'],
		['spoke path deploy/web --feature exec --require verified', 'exits 0 only if leg 1 is verified, and leg 2 is verified or enforced'],
		['spoke path deploy/web --context prod-eu,prod-us', 'the same target in two clusters'],
		['spoke path node/n1 --probe active', 'prove the route with the route test'],
	],
	flags,
} as const satisfies CommandSpec<typeof flags>;
