/**
Observations in one line: facts between semicolons, each a source and what it showed. Without facts, a verified apiserver of v1.36.3 and a
configuration of its open connection c1 to pod web on node n1, of which nothing else was read.

- `flagz ca=/ca.crt egress=none @c9 p1`: /flagz of process p1, read on connection c9; by default on c1, of an unknown process.
  `ca` is --kubelet-certificate-authority, `egress` --egress-selector-config-file, `at` the advertised address and port, by default 6443.
  All other flags have their own names. `none` is an empty value; a flag that is not there was not listed.
- `pod a at=10.0.0.5`: mirror pod of an apiserver, whose arguments name a port only if `at` does. `env=proxy`: its environment sets
  HTTPS_PROXY. `cut`: its command does not show all arguments.
- `replicas 2 10.0.0.5 10.0.0.6`, `endpoints 10.0.0.5`: apiservers in leases, and in endpoints where leases are forbidden; port 6443.
  `leases=10.0.0.5@14:05:00,none`: holder and creation time of each lease.
- `metrics done=2 tls-failures=3 dials=grpc/uds:4 tunnels=1`: counters of the apiserver; `left-out=2`: families disabled.
- `step grpc`: idle port-forwards that an active probe held moved the tunnels; `nothing`: no counter. `agents one`: one agent carried them.
- `pod-proxy https:443`: a request through the apiserver's proxy; `node-proxy https:10250 kubelet`: the port is a kubelet's.
- `log-read refused/ok`: an active probe read a log with, and without verification of the kubelet.
- `certificate names=n1 until=2026-02-01`: a handshake with the kubelet; `dialed`: all addresses of its node.
- `text x509`, `text konnectivity`: a failure whose message is about a certificate, or of a tunnel.
- `forbidden metrics`: a source that could not be read, and why.
*/
import {namesOf} from '../../source/cluster/tls/trust.ts';
import type {
	FlagFacts,
	KubeletHandshakeFacts,
	LogDifferentialFacts,
	MetricFacts,
	Observation,
	Observations,
	ProxyRequestFacts,
	ReplicaFacts,
	SocketFacts,
	StepTestFacts,
	StreamFeature,
	UnavailableSource,
} from '../../source/evidence/evidence.ts';
import {
	failure,
	flags,
	knownReplicas,
	makeObservation,
	makeObservations,
	metrics,
	mirrorPod,
	openConnection,
	processOf,
	socketFacts,
	stepTest,
	versionOf,
} from './observations.ts';

type Where = Partial<Pick<Observation<unknown>, 'connection' | 'process'>>;
type Fact = {kind: string; marks: readonly string[]; values: ReadonlyMap<string, string>; where: Where};
type Draft = Partial<Observations> & Pick<Observations, 'purpose'>;

/** Throws for a word that it does not know. */
export function given(facts: string): Observations {
	let draft: Draft = {purpose: makeObservations().purpose};
	for (const text of facts.split('; ').filter(Boolean)) {
		const fact = factOf(text);
		const read = kinds[fact.kind];
		if (!read) {
			throw new Error(`unknown fact: ${text}`);
		}

		draft = {...draft, ...read(fact, draft)};
	}

	return makeObservations(draft);
}

export type Row = {given: string; expected: string};

/** Rows `FACTS → EXPECTED # WHY` of a table. Other lines begin with `#` or are empty. */
export function rowsOf(table: string): Row[] {
	const lines = table.split('\n').map(line => line.trim());
	return lines
		.filter(line => line !== '' && !line.startsWith('#'))
		.map(line => {
			const [facts, expected, ...rest] = line.replace(/ # .*$/, '').split(' → ');
			if (facts === undefined || expected === undefined || rest.length > 0) {
				throw new Error(`not a row: ${line}`);
			}

			return {given: facts, expected};
		});
}

function factOf(text: string): Fact {
	const [kind = '', ...words] = text.split(/\s+/);
	const where: Where = {};
	const marks: string[] = [];
	const values = new Map<string, string>();
	for (const word of words) {
		const equals = word.indexOf('=');
		if (equals > 0) {
			values.set(word.slice(0, equals), word.slice(equals + 1));
		} else if (word.startsWith('@')) {
			where.connection = word === '@none' ? null : word.slice(1);
		} else if (/^p\d$/.test(word) && kind !== 'process') {
			where.process = word;
		} else {
			marks.push(word);
		}
	}

	return {kind, marks, values, where};
}

const kinds: Readonly<Record<string, (fact: Fact, draft: Draft) => Partial<Observations>>> = {
	flagz: ({values, where}, {flags: others = []}) => ({flags: [...others, flags(flagValues(values, '6443'), where)]}),
	pod: (fact, {mirrorPods = []}) => ({mirrorPods: [...mirrorPods, podOf(fact)]}),
	metrics: ({values, where}, {metrics: others = []}) => ({metrics: [...others, metrics(counters(values), where)]}),
	step: (fact, {stepTests = []}) => ({stepTests: [...stepTests, stepOf(fact)]}),
	agents({marks, where}, {agentTests = []}) {
		const facts = marks[0] === 'one' ? {agent: 'konnectivity-agent-x', observed: '1→4→1, 1→6→1'} : {agent: null, observed: ''};
		return {agentTests: [...agentTests, makeObservation('agent-metrics', facts, {connection: 'c1', active: true, ...where})]};
	},
	'log-read': (fact, {logDifferentials = []}) => ({logDifferentials: [...logDifferentials, logRead(fact)]}),
	certificate: ({values}, {handshakes = []}) => ({handshakes: [...handshakes, makeObservation('handshake', certificate(values))]}),
	text: (fact, {failures = []}) => ({failures: [...failures, textOf(fact)]}),
	replicas: fact => ({replicas: fact.marks[0] === 'unknown' ? null : makeObservation('lease', registered(fact, 'lease'))}),
	endpoints: fact => ({replicas: makeObservation('endpoints', registered(fact, 'endpointslice'))}),
	version: ({marks: [version = ''], where}) => ({version: version === 'none' ? null : {...versionOf(version), ...where}}),
	process: ({marks: [id = '']}) => ({process: id === 'none' ? null : processOf(id)}),
	socket: fact => ({socket: fact.marks[0] === 'none' ? null : socketOf(fact)}),
	connection: ({marks: [connection]}) => ({connection: connection === 'none' ? null : connection!}),
	nothing: () => ({}),
	'server-unknown': () => ({serverIdentity: {to: 'unknown', why: 'its authority'}}),
	gateway: () => ({serverIdentity: {to: 'gateway', why: 'path'}}),
	answered: () => openConnection,
	open: () => ({scope: 'this-connection'}),
	ended: () => ({scope: 'ended'}),
	unopened: () => ({scope: 'next-connection'}),
	probed: () => ({probe: 'active'}),
	...Object.fromEntries(
		(['logs', 'exec', 'attach', 'port-forward', 'node-proxy', 'pod-proxy', 'service-proxy'] satisfies StreamFeature[]).map(feature => [
			feature,
			(fact: Fact, {purpose}: Draft) => ({
				purpose: {
					...purpose,
					feature,
					...(fact.marks[0] === 'unverified' ? {insecureSkipTlsVerifyBackend: true} : {request: requestOf(fact)}),
				},
			}),
		]),
	),
	'any-kubelet': (_, {purpose}) => ({purpose: {...purpose, target: {...purpose.target, chosenFrom: 0}}}),
	'any-node': (_, {purpose}) => ({purpose: {...purpose, target: {...purpose.target, node: null}}}),
	...Object.fromEntries(
		(['forbidden', 'not-served', 'no-response', 'not-requested'] satisfies Array<UnavailableSource['reason']>).map(reason => [
			reason,
			({marks: [source]}: Fact, {unavailable = []}: Draft) => ({
				unavailable: [...unavailable, {source: source as UnavailableSource['source'], where: source!, reason, need: null}],
			}),
		]),
	),
};

const longNames: Readonly<Record<string, string>> = {ca: 'kubelet-certificate-authority', egress: 'egress-selector-config-file'};

/** `defaultPort`: where `at` has none. */
function flagValues(values: ReadonlyMap<string, string>, defaultPort: string | undefined): Record<string, string> {
	return Object.fromEntries(
		[...values].flatMap(([name, value]) => {
			if (name !== 'at') {
				return [[longNames[name] ?? name, value === 'none' ? '' : value]];
			}

			const {host, port = defaultPort} = addressOf(value);
			return [
				['advertise-address', host],
				...(port === undefined ? [] : [['secure-port', port]]),
				...(defaultPort === undefined ? [] : [['bind-address', '0.0.0.0']]),
			];
		}),
	) as Record<string, string>;
}

function addressOf(text: string): {host: string; port: string | undefined} {
	const {host, port} = /^(?<host>[^:]*|\[.*\])(?::(?<port>\d+))?$/.exec(text)?.groups ?? {host: text};
	return {host: host!.replaceAll(/[[\]]/g, ''), port};
}

/** `10.0.0.5` is at port 6443. */
function endOf(text: string): string {
	return text.includes(':') ? text : `${text}:6443`;
}

function podOf({marks: [name = 'a', cut], values}: Fact): Observation<FlagFacts> {
	const {env, ...flagsOf} = Object.fromEntries(values);
	const pod = mirrorPod(name, flagValues(new Map(Object.entries(flagsOf)), undefined), env === 'unknown' ? null : env === 'proxy');
	return cut === 'cut' ? {...pod, facts: {...pod.facts, absent: 'unknown'}} : pod;
}

function counters(values: ReadonlyMap<string, string>): Partial<MetricFacts> {
	const names: Readonly<Record<string, keyof MetricFacts>> = {
		done: 'kubeletRequestsDone',
		'tls-failures': 'logTlsFailures',
		tunnels: 'tunnelsOpen',
		ssh: 'sshTunnels',
		'left-out': 'familiesLeftOut',
	};
	return Object.fromEntries(
		[...values].map(([name, value]) =>
			name === 'dials' ? ['egressDials', value.split(',').map(dialOf)] : [known(names, name), value === 'none' ? null : Number(value)],
		),
	);
}

function dialOf(text: string): MetricFacts['egressDials'][number] {
	const {protocol, transport, count} = /^(?<protocol>.+)\/(?<transport>.+):(?<count>\d+)$/.exec(text)!.groups as Record<string, string>;
	return {protocol: protocol as 'grpc' | 'http-connect', transport: transport!, count: Number(count)};
}

function stepOf({marks: [moved, ...more], values, where}: Fact): Observation<StepTestFacts> {
	const step = stepTest(moved as StepTestFacts['moved'], where);
	const {node = step.facts.node} = Object.fromEntries(values);
	const rounds = more.includes('held-none') ? [] : more.includes('held-once') ? [1] : step.facts.rounds;
	return {...step, facts: {...step.facts, node, rounds, agentsRead: more.includes('agents-read')}};
}

function logRead({marks: [results = ''], values, where}: Fact): Observation<LogDifferentialFacts> {
	const [normal, skipping] = results.replaceAll('refused', 'certificate-refused').split('/') as [
		LogDifferentialFacts['normal'],
		LogDifferentialFacts['skipping'],
	];
	const node = values.get('node') ?? 'n1';
	return makeObservation(
		'log-differential',
		{normal, skipping, text: 'x509', node: node === 'unknown' ? null : node},
		{connection: 'c1', active: true, ...where},
	);
}

function certificate(values: ReadonlyMap<string, string>): KubeletHandshakeFacts {
	const {node = 'n1', names = 'n1', addresses, since = '2026-01-01', until = '2027-01-01', dialed} = Object.fromEntries(values);
	const listOf = (text: string | undefined) => (text === undefined || text === 'none' ? [] : text.split(','));
	const timeOf = (text: string) => (text.includes('T') ? text : `${text}T00:00:00Z`);
	return {
		node,
		subject: 'CN=n1',
		dnsNames: listOf(names),
		addresses: listOf(addresses),
		notBefore: timeOf(since),
		notAfter: timeOf(until),
		nodeAddresses: dialed === undefined ? null : listOf(dialed),
	};
}

function textOf({marks: [meaning = '', ...more], where}: Fact): Observation<ReturnType<typeof failure>['facts']> {
	const meanings: Readonly<Record<string, Parameters<typeof failure>[0]>> = {
		x509: {tls: 'refused'},
		konnectivity: {route: 'konnectivity', text: 'No agent available'},
		'egress-http-connect': {route: 'egress-http-connect'},
		other: {},
	};
	return failure(
		{
			...known(meanings, meaning),
		},
		{...where, active: more.includes('probed')},
	);
}

function registered({marks, values}: Fact, knownFrom: 'lease' | 'endpointslice'): ReplicaFacts {
	const addresses = marks.filter(mark => /[.:]/.test(mark)).map(endOf);
	const count = /^\d+$/.test(marks[0]!) ? Number(marks[0]) : addresses.length;
	const facts = {...knownReplicas(count, addresses.length > 0 ? addresses : null).facts, knownFrom};
	const leases = values.get('leases')?.split(',');
	return {...facts, leases: leases?.map(leaseOf) ?? (knownFrom === 'lease' ? facts.leases : null)};
}

function leaseOf(text: string): {address: string | null; madeAt: string | null} {
	const [address, time] = text.split('@');
	return {address: address === 'none' ? null : endOf(address!), madeAt: time === undefined ? null : `2026-11-24T${time}Z`};
}

/** `null` without `SCHEME:PORT`. */
function requestOf({marks: [address, ...more], values}: Fact): ProxyRequestFacts | null {
	if (address === undefined) {
		return null;
	}

	const [scheme, port] = address.split(':');
	const kubeletPort = values.get('kubelet') === 'unknown' ? null : more.includes('kubelet');
	return {scheme: scheme as ProxyRequestFacts['scheme'], port: Number(port), portName: null, kubeletPort};
}

/** `san` has the names of the certificate, `issuer` that of a certificate that the kubeconfig trusts directly. */
function socketOf({marks, values}: Fact): Observations['socket'] {
	const tls = socketFacts.tls!;
	const peer = tls.peer!;
	const {to, san, issuer} = Object.fromEntries(values);
	const marked: Readonly<Record<string, Partial<SocketFacts>>> = {
		unverified: {tls: {...tls, verified: false, skippedBy: 'insecure-skip-tls-verify'}},
		plain: {scheme: 'http', tls: null},
		public: {tls: {...tls, trust: 'system-roots'}},
		proxied: {proxy: {url: 'http://p:3128', from: 'environment'}},
		token: {clientAuth: 'token'},
		'client-certificate': {clientCertificateSha256: 'ab'.repeat(32)},
		sandbox: {isMarkedAsSandbox: true},
	};
	return makeObservation(
		'socket',
		{
			...socketFacts,
			...(to !== undefined && {remoteAddress: to === 'none' ? null : endOf(to)}),
			...(san !== undefined && {tls: {...tls, peer: {...peer, dnsNames: namesOf({subjectAltName: san.replaceAll('_', ' ')}).dnsNames}}}),
			...(issuer !== undefined && {tls: {...tls, peer: {...peer, issuer, chainSpkiSha256: [peer.spkiSha256]}}}),
			...Object.assign({}, ...marks.map(mark => known(marked, mark))),
		},
		{connection: 'c1'},
	);
}

function known<Value>(table: Readonly<Record<string, Value>>, word: string): Value {
	if (!Object.hasOwn(table, word)) {
		throw new Error(`unknown word: ${word}`);
	}

	return table[word]!;
}
