/** Verdicts, evidence, needs and findings in words. */
import type {Author, Basis, Evidence, EvidenceSource, Finding, RouteState, TlsState, Verdict} from '../../evidence/evidence.ts';
import {describeNeeds} from '../../evidence/rules/needs.ts';
import type {Part} from './parts.ts';

/** Layouts use the role as a label. */
export type DetailPart = Part<
	'means' | 'evidence' | 'needs' | 'or' | 'and' | 'reason' | 'message' | 'exception' | 'accepted' | 'fix' | 'docs'
> & {
	/** Where and when the evidence was read. */
	origin?: {location: string; source: EvidenceSource; time: string};
};

export type VerdictDescription = {
	/** Needs a title beside it if unknown; `name` has its own. */
	state: string;
	name: string;
	/** `null` if the state is unknown. */
	basis: Basis | null;
	details: readonly DetailPart[];
};

type Cited = {evidence: readonly Evidence[]};

export function describeTls({evidence}: Cited, verdict: Verdict<TlsState>): VerdictDescription {
	return describeVerdict(verdict, evidence, tlsName(verdict.state), tlsMeanings[verdict.state].text);
}

export function describeRoute({evidence}: Cited, verdict: Verdict<RouteState>): VerdictDescription {
	return describeVerdict(verdict, evidence, routeName(verdict.state));
}

export function describeExposure({evidence, exposure}: Cited & {exposure: Verdict<string>}): VerdictDescription {
	return describeVerdict(exposure, evidence, exposure.state);
}

function describeVerdict(
	{state, basis, evidence, need, why}: Verdict<string>,
	all: readonly Evidence[],
	name: string,
	means: string | null = null,
): VerdictDescription {
	const isUnknown = state === 'unknown';
	return {
		state: isUnknown ? state : name,
		name,
		basis: isUnknown ? null : basis,
		details: [
			...describeCitations(evidence, all),
			...(means === null ? [] : [{role: 'means' as const, text: means}]),
			...(isUnknown || basis === 'inferred' ? describeNeeds(need) : []),
			...(why === undefined ? [] : [{role: 'reason' as const, text: why}]),
		],
	};
}

/** Evidence in the order of its citation. */
export function describeCitations(ids: readonly string[], all: readonly Evidence[]): DetailPart[] {
	return ids
		.flatMap(id => all.find(one => one.id === id) ?? [])
		.map(({rule, observed, authors, source, where, process, time}) => ({
			role: 'evidence',
			text: observed,
			short: shortObservations[rule] ?? observed,
			origin: {
				location: `${where}${process === null ? '' : `, apiserver process ${process}`}${otherAuthors(authors)}`,
				source,
				time,
			},
		}));
}

/** `; could be by a gateway or the kubelet`. Empty if nobody but you or this apiserver could have written it. */
function otherAuthors(authors: readonly Author[]): string {
	const others = authors.filter(author => author !== 'you' && author !== 'apiserver').map(author => authorNames[author]);
	return others.length === 0 ? '' : `; could be by ${others.join(' or ')}`;
}

const authorNames: Readonly<Record<Author, string>> = {
	you: 'you',
	apiserver: 'the apiserver',
	replica: 'another apiserver',
	gateway: 'a gateway',
	kubelet: 'the kubelet',
	'any-kubelet': 'any kubelet',
	workload: 'a pod',
	'object-writer': 'a writer of the object',
	network: 'the network',
};

/** `kubelet-certificate-authority="" (from GET /flagz, apiserver process 3f2a, 01:02:56)`. */
export function withLocation({text, origin}: DetailPart, timeOf?: (time: string) => string): string {
	return origin === undefined ? text : `${text} (from ${[origin.location, ...(timeOf ? [timeOf(origin.time)] : [])].join(', ')})`;
}

/** Short texts of observations, by rule. */
const shortObservations: Readonly<Record<string, string>> = {
	'egress-file-empty': 'no egress flag',
	'egress-file-set': 'egress flag set',
	'no-proxy-in-environment': 'no proxy set',
	'environment-proxy-possible': 'HTTPS_PROXY may apply, not to shells',
	'dials-without-egress': 'no egress dials counted',
	'agent-carried-held-streams': 'agent connections rose and fell with spoke’s',
	'kubelet-ca-empty': 'no kubelet CA',
	'kubelet-ca-set': 'kubelet CA set',
	'kubelet-certificate-accepted': 'kubelet reached',
	'kubelet-certificate-cannot-verify': 'its certificate cannot pass verification',
	'log-tls-failures-counted': 'log reads failed at the certificate',
};

/** Where evidence was read, for layouts without its location. */
export function sourceName(source: EvidenceSource): string {
	return sourceNames[source] ?? source.replaceAll('-', ' ');
}

const sourceNames: Readonly<Partial<Record<EvidenceSource, string>>> = {
	flagz: '/flagz',
	'mirror-pod': 'apiserver pod',
	metrics: '/metrics',
	configz: '/configz',
	csr: 'signing requests',
	version: '/version',
};

/** For a report whose verdicts have more than one need; otherwise `null`. */
export function needsLegend(details: readonly DetailPart[]): string | null {
	const has = (role: DetailPart['role']) => details.some(one => one.role === role);
	const parts = [
		...(has('or') ? ["of lines joined by 'or', try one; spoke names another if it is not enough"] : []),
		...(has('and') ? ["all lines joined by 'and' are needed"] : []),
	];
	return parts.length === 0 ? null : `needs: ${parts.join('; ')}`;
}

export function describeFinding({message, remedy, docs}: Pick<Finding, 'message' | 'remedy' | 'docs'>): DetailPart[] {
	return [
		{role: 'message', text: message},
		...(remedy === null ? [] : [{role: 'fix' as const, text: remedy}]),
		...(docs === null ? [] : [{role: 'docs' as const, text: docs}]),
	];
}

/** Beside a route, `unknown` needs its subject. */
export function tlsName(state: TlsState): string {
	return state === 'unknown' ? 'TLS unknown' : state;
}

/** `consequence`: what it means for the data on that leg. */
export const tlsMeanings: Readonly<Record<TlsState, {text: string; short: string; consequence: string | null}>> = {
	verified: {
		text: 'the certificate was checked and accepted',
		short: 'checked',
		consequence: 'nobody in between can read or change the data',
	},
	enforced: {
		text: 'the apiserver checks the certificate: a connection will be verified or refused',
		short: 'checked first',
		consequence: 'nothing is sent to a server that fails the check',
	},
	unverified: {
		text: 'encrypted, but the certificate was not checked',
		short: 'not checked',
		consequence: 'someone in between could read and change the data',
	},
	plain: {text: 'not encrypted', short: 'not encrypted', consequence: 'someone in between could read and change the data'},
	refused: {text: 'the apiserver’s error says that it rejected the certificate', short: 'rejected', consequence: null},
	unknown: {text: 'it is unknown whether the certificate is checked', short: 'unknown', consequence: null},
};

const routeNames: Readonly<Record<string, readonly [long: string, short: string]>> = {
	konnectivity: ['konnectivity', 'konn'],
	'egress-http-connect': ['egress http-connect', 'http-conn'],
	'ssh-tunnel': ['ssh tunnel', 'ssh'],
	unknown: ['route unknown', 'route?'],
};

export function routeName(state: string, {short = false}: {short?: boolean} = {}): string {
	return routeNames[state]?.[short ? 1 : 0] ?? state;
}

export function replaceRouteNames(text: string): string {
	return text.replaceAll('egress-http-connect', () => routeName('egress-http-connect'));
}

export const routeMeanings: Readonly<Record<RouteState, string>> = {
	direct: 'the control plane connects to it directly',
	proxy: 'through a proxy from the environment',
	konnectivity: 'through Konnectivity: an agent near the nodes opened the tunnel',
	'egress-http-connect': 'through an HTTP CONNECT egress proxy',
	egress: 'through an egress proxy of unknown kind',
	'ssh-tunnel': 'through an SSH tunnel, as clusters before 1.22 had',
	unknown: 'route unknown',
};
