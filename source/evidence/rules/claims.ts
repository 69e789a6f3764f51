/** From what observations claim, and who could have written it, to a verdict. No other file makes a verdict proven. */
import type {
	Author,
	Basis,
	Citation,
	EvidenceSource,
	Need,
	Observation,
	Observations,
	RuleVerdict,
	PathScope,
	Evidence,
} from '../evidence.ts';
import {isServerKnown, isFromSameProcess, isSoleApiserver} from './replicas.ts';

/** What one observation, or several that agree, say about a leg. */
export type Claim<State extends string> = {
	state: State;
	/** What the claim rests on; who could have written it decides what it can prove. */
	citations: readonly Citation[];
	/** A flag of the process that the verdict is about. */
	isOwnFlag?: boolean;
	/** Every known apiserver says so. */
	isOfAllReplicas?: boolean;
	/** Another explanation exists, whoever wrote it. */
	isIndirect?: boolean;
	/** Another apiserver than the one that the verdict is about, which was not read, may differ. @see isFromAnotherApiserver */
	isFromAnotherApiserver?: boolean;
};

/** They make a leg better than an unprotected one, so nobody beyond the server can claim them. `checked`: see second-leg-tls.ts. */
const raisedStates: ReadonlySet<string> = new Set([
	'verified',
	'enforced',
	'checked',
	'konnectivity',
	'egress-http-connect',
	'egress',
	'ssh-tunnel',
	'protected',
]);

export type Settled<State extends string> = {
	/** `null` without a claim that counts, or if claims contradict each other. */
	state: State | null;
	contradicts: boolean;
	basis: Basis;
	authors: readonly Author[];
	/** Of the claims that decided, or that contradict each other; without a state, of all that was said. */
	citations: readonly Citation[];
};

/**
By source, `apiserver` being the server at the end of the connection on which it was read; that it may relay another's words is in
`authorsOf`. `request-counters`: metrics that whoever answers a request raises. The metrics of agents are read from their pods.
*/
export const authorsOfSource: Record<EvidenceSource | 'request-counters', readonly Author[]> = {
	socket: ['you'],
	construction: ['you'],
	flagz: ['apiserver'],
	version: ['apiserver'],
	metrics: ['apiserver'],
	'request-counters': ['any-kubelet', 'workload'],
	'step-test': ['apiserver'],
	'anonymous-probe': ['apiserver'],
	'log-differential': ['apiserver', 'kubelet'],
	'error-text': ['apiserver', 'kubelet'],
	'agent-metrics': ['any-kubelet', 'workload'],
	configz: ['kubelet'],
	handshake: ['kubelet', 'network'],
	'mirror-pod': ['object-writer'],
	lease: ['object-writer'],
	endpoints: ['object-writer'],
	csr: ['object-writer'],
	'ca-comparison': ['object-writer'],
};

/** Of leg 2, or those that write objects. What they could have written makes nothing proven, and no leg better than it is. */
const beyondTheServer: ReadonlySet<Author> = new Set(['kubelet', 'any-kubelet', 'workload', 'object-writer']);

/**
`own`: only you, or the apiserver process that the verdict is about. `server`: also another replica, a gateway or, where the server was not
verified, the network. `foreign`: also somebody beyond the server.
*/
type Trust = 'own' | 'server' | 'foreign';

type Authored = Pick<Observation<unknown>, 'authors' | 'source' | 'process' | 'connection'>;

export type EvidenceList = ReturnType<typeof numberEvidence>;

/**
| claims | verdict |
| --- | --- |
| one that lifts a leg, and that a far end, a node, an object’s writer or another apiserver could have written | does not count |
| a flag of the process that the verdict is about | decides |
| else those that nobody beyond the server could have written, all equal | that state |
| else what anybody could have written, all equal | that state, inferred |
| else | unknown, with all citations |

Proven: nobody but you, this process, or all known apiservers in agreement could have written it, and nothing else explains it.
`narrows`: a state that is another one in particular, and decides with it.
*/
export function settleClaims<State extends string>(
	claims: ReadonlyArray<Claim<State>>,
	narrows: Partial<Record<State, State>> = {},
): Settled<State> {
	const heard = claims.filter(claim => !(raisedStates.has(claim.state) && trustOf(claim) === 'foreign'));
	const own = heard.filter(({isOwnFlag}) => isOwnFlag);
	const ofServer = heard.filter(claim => trustOf(claim) !== 'foreign');
	const decisive = [own, ofServer].find(some => some.length > 0) ?? heard;
	const [first] = decisive;
	if (first === undefined) {
		return {state: null, contradicts: false, basis: 'unknown', authors: [], citations: claims.flatMap(({citations}) => citations)};
	}

	const said = new Set(decisive.map(({state}) => state));
	const narrower = heard.filter(({state}) => narrows[state] !== undefined && said.has(narrows[state]));
	const broad = decisive.filter(({state}) => !narrower.some(one => one.state === state));
	if (new Set(broad.map(({state}) => state)).size > 1) {
		return {state: null, contradicts: true, basis: 'unknown', authors: [], citations: decisive.flatMap(({citations}) => citations)};
	}

	return narrower.length > 0
		? together(narrower[0]!.state, [strongest(narrower), strongest(broad)])
		: together(first.state, [strongest(decisive)], decisive);
}

function together<State extends string>(
	state: State,
	claims: ReadonlyArray<Claim<State>>,
	cited: ReadonlyArray<Claim<State>> = claims,
): Settled<State> {
	return {
		state,
		contradicts: false,
		basis: weakestBasis(...claims.map(claim => basisOf(claim))),
		authors: [...new Set(claims.flatMap(claim => claim.citations.flatMap(({authors}) => authors)))],
		citations: cited.flatMap(({citations}) => citations),
	};
}

function strongest<State extends string>(claims: ReadonlyArray<Claim<State>>): Claim<State> {
	return claims.find(claim => basisOf(claim) === 'proven') ?? claims[0]!;
}

function basisOf<State extends string>(claim: Claim<State>): Basis {
	return trustOf(claim) === 'own' && !claim.isIndirect ? 'proven' : 'inferred';
}

function trustOf<State extends string>({citations, isOfAllReplicas, isFromAnotherApiserver}: Claim<State>): ReturnType<typeof trustIn> {
	const trust = trustIn(citations.flatMap(({authors}) => authors));
	if (isFromAnotherApiserver && trust !== 'own') {
		return 'foreign';
	}

	return isOfAllReplicas && trust === 'server' && citations.every(({authors}) => authors.every(author => ownOrReplica.has(author)))
		? 'own'
		: trust;
}

const ownOrReplica: ReadonlySet<Author> = new Set(['you', 'apiserver', 'replica']);

const order: readonly Basis[] = ['unknown', 'inferred', 'proven'];

export function weakestBasis(...bases: readonly Basis[]): Basis {
	return order[Math.min(...bases.map(basis => order.indexOf(basis)))] ?? 'unknown';
}

/** A verdict on one claim. */
export function verdictOn<State extends string>(
	claim: Claim<State>,
	more: {need?: readonly Need[]; why?: string} = {},
): RuleVerdict<State> {
	const {basis, authors, citations} = settleClaims([claim]);
	return {state: claim.state, basis, authors, citations, need: [], ...more};
}

export function unknownVerdict(need: readonly Need[], why: string | null, citations: readonly Citation[] = []): RuleVerdict<'unknown'> {
	return {state: 'unknown', basis: 'unknown', authors: [], citations, need, ...(why !== null && {why})};
}

/** `as`: whose counters an observation of metrics cites. */
export function cite(
	observations: Observations,
	observation: Observation<unknown>,
	rule: string,
	observed: string,
	as?: 'request-counters',
): Citation {
	const {source, where, process, time, active} = observation;
	const authors = authorsOf(as ? {...observation, authors: authorsOfSource[as]} : observation, observations);
	return {source, rule, observed, authors, where, process, time, active};
}

/** Evidence from the request itself: the code of every apiserver allows nothing else. */
export function citeConstruction(observations: Observations, rule: string, observed: string): Citation {
	const {connection, time} = observations;
	const authors = authorsOfSource.construction;
	const request = {source: 'construction', authors, where: 'the request itself', connection, process: null, time, active: false} as const;
	return cite(observations, {...request, facts: null}, rule, observed);
}

export function trustIn(authors: readonly Author[]): Trust {
	if (authors.some(author => beyondTheServer.has(author))) {
		return 'foreign';
	}

	return authors.length > 0 && authors.every(author => author === 'you' || author === 'apiserver') ? 'own' : 'server';
}

/** With everybody who relays what the apiserver sends. */
export function authorsOf({authors, ...end}: Authored, observations: Observations): readonly Author[] {
	const {socket, serverIdentity} = observations;
	const isRelayed = end.source !== 'socket' && end.source !== 'handshake';
	const server: Author = isOfVerdictProcess(end, observations) ? 'apiserver' : 'replica';
	return [
		...new Set([
			...authors.map(author => (author === 'apiserver' ? server : author)),
			...(isRelayed && serverIdentity.to !== 'apiserver' ? (['gateway'] as const) : []),
			...(isRelayed && !isServerKnown(socket) ? (['network'] as const) : []),
		]),
	];
}

/** The next connection may end at another apiserver than the one that was read, unless there is no other. */
function isOfVerdictProcess(end: Pick<Observation<unknown>, 'process' | 'connection'>, observations: Observations): boolean {
	return isFromSameProcess(end, observations) && (isBound(observations.scope) || isSoleApiserver(observations));
}

/** Whether it was read at another apiserver, as far as is known, than the one that carries the connection of the verdict. */
export function isFromAnotherApiserver(end: Pick<Observation<unknown>, 'process' | 'connection'>, observations: Observations): boolean {
	return isBound(observations.scope) && !isFromSameProcess(end, observations);
}

/** Whether the verdict is about one connection. */
export function isBound(scope: PathScope): boolean {
	return scope !== 'next-connection';
}

/** Numbered in the order of first use. The same observation used by the same rule gets one id. */
export function numberEvidence() {
	const items = new Map<string, Evidence>();
	return {
		idOf(citation: Citation): string {
			const {source, where, process, rule, observed} = citation;
			const key = [source, where, process, rule, observed].join('\n');
			const item = items.get(key) ?? {id: `e${items.size + 1}`, ...citation};
			items.set(key, item);
			return item.id;
		},
		all: (): readonly Evidence[] => [...items.values()],
	};
}
