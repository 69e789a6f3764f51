/** Legs, the apiserver process and the failure of a path in words. */
import type {Leg, Path, UnusedLeg, Verdict} from '../../evidence/evidence.ts';
import {farEndName} from '../../evidence/path-line.ts';
import {needsInOneLine, needAgentMetrics, needLeases} from '../../evidence/rules/needs.ts';
import {formatQuantity, clockTime} from '../../base/text/formats.ts';
import {sanitize} from '../../base/text/sanitize.ts';
import {describeRoute, describeTls, type VerdictDescription} from './describe-verdict.ts';
import type {Part} from './parts.ts';

type LegDescription = {
	n: Leg['n'];
	from: string;
	to: string;
	/** Name of the far end; empty for leg 1 and for a kubelet whose node is unknown. */
	name: string;
	tls: VerdictDescription;
	route: VerdictDescription;
	details: ReadonlyArray<Part<'via' | 'agent' | 'peer'>>;
};

export function describeLeg(path: Path, leg: Leg): LegDescription {
	const {n, from, tls, route, peer} = leg;
	return {
		n,
		from,
		to: farEndKind(leg),
		name: n === 1 ? '' : farEndLabel(path, leg),
		tls: path.unused?.leg === n ? describeUnused(path.unused) : describeTls(path, tls),
		route: path.unused?.leg === n ? describeUnused(path.unused) : describeRoute(path, route),
		details: [
			...(route.via === null ? [] : [{role: 'via' as const, text: route.via}]),
			...(route.agent === null ? [] : [{role: 'agent' as const, text: route.agent}]),
			...(peer === null
				? []
				: [{role: 'peer' as const, text: `${peer.subject}, issued by ${peer.issuer}, ${peer.protocol}, valid until ${peer.notAfter}`}]),
		],
	};
}

function describeUnused({why}: UnusedLeg): VerdictDescription {
	const [name = why] = why.split(': ');
	return {state: name, name, basis: null, details: [{role: 'reason', text: why.slice(name.length + 2)}]};
}

/** `ended 13:48:31`; empty for an open connection or a configuration. */
export function describeEnd({about, time}: Pick<Path, 'about' | 'time'>): string {
	return about === 'ended-connection' ? `ended ${clockTime(time)}` : '';
}

/** Leg 3. */
export const insideNode = 'inside the node: not examined';

export function farEndLabel({target, broken}: Pick<Path, 'target' | 'broken'>, leg: Pick<Leg, 'to'>): string {
	return broken?.reason === 'no-node' ? '(no node yet)' : farEndName(leg, target);
}

/** A verified server of which not more is known has the apiserver's certificate, which a gateway can have, too. */
export function farEndKind({to, tls}: Pick<Leg, 'to'> & {tls: Pick<Leg['tls'], 'state'>}): string {
	return to === 'unknown' ? (tls.state === 'verified' ? 'apiserver or gateway' : 'an unknown server') : to;
}

/** `known` is a lower bound: apiservers can share a host name, and so a lease. */
export function describeReplicas({known, read}: {known: number | null; read: number}): Part<'replicas'> {
	const text = known === null ? `${read} examined, total unknown` : `${read} of ${formatQuantity(known, 'known apiserver')} examined`;
	return {role: 'replicas', text};
}

/** Empty if the process is unknown. */
export function describeProcess({about, process}: Path): ReadonlyArray<Part<'process' | 'binding' | 'replicas'>> {
	const {id, startTime, known} = process;
	return [
		...(id === null
			? []
			: [
					{role: 'process' as const, text: `process ${id}, up since ${startTime ?? 'an unknown time'}`},
					{role: 'binding' as const, text: describeBinding(about, process)},
				]),
		...(known === null ? [] : [describeReplicas(process)]),
	];
}

/** Why evidence from that process applies to the connection. */
function describeBinding(about: Path['about'], {boundBy}: Path['process']): string {
	const unbound = about === 'configuration' ? 'a new connection may reach another apiserver' : 'not bound to this connection';
	return {
		'same-connection': 'read on this connection',
		'all-replicas-agree': 'all known replicas examined, and they agree',
		none: unbound,
	}[boundBy];
}

type FailureDescription = {
	leg: 1 | 2 | 3;
	/** `null` if it was not tried: it would fail. */
	time: string | null;
	/** Another far end, whose failure the path shares. */
	otherEnd: string | null;
	/** The text as observed. */
	message: string;
	/** What it means first, then the text. */
	explained: string;
};

/** Why a connection would fail now, as observed; `null` if nothing shows it. */
export function describeExpectedFailure({broken, evidence, legs, target}: Path): FailureDescription | null {
	if (!broken) {
		return null;
	}

	const {leg, time, farEnd} = broken;
	const isOther =
		farEnd?.startsWith('kubelet ') === true && !(legs[1]?.to === 'kubelet' && farEnd === `kubelet ${target.node ?? target.name}`);
	const heard = evidence.find(({id}) => id === broken.evidence[0]);
	return {leg, time, otherEnd: isOther ? farEnd : null, message: heard?.observed ?? broken.message, explained: broken.message};
}

/**
What the verdicts mean for what is sent, for readers who do not know the words of the path line. Says no more than the verdicts.
`short`: without the name of the far end.
*/
export function describePathMeaning({legs: [first, second], target, unused}: Path, {short = false}: {short?: boolean} = {}): string {
	return [
		...(first === undefined || first.tls.state === 'verified' ? [] : [legMeaning(first, 'spoke', kindOf(first))]),
		...(second === undefined
			? []
			: [unused ? `leg 2 ${unused.why}` : legMeaning(second, 'the apiserver', short ? kindOf(second) : nameOrKind(second, target))]),
	].join('; ');
}

function nameOrKind(leg: Leg, target: Path['target']): string {
	const name = farEndName(leg, target);
	return name === '' ? kindOf(leg) : `${farEndKind(leg)} ${name}`;
}

function kindOf({to}: Leg): string {
	return `the ${to === 'unknown' ? 'server' : to}`;
}

function legMeaning({tls}: Leg, from: string, to: string): string {
	const lead = tls.basis === 'inferred' ? 'inferred: ' : '';
	const reason = tls.why === undefined ? '' : `: ${tls.why}`;
	const needs = tls.need.length === 0 ? '' : `;${needsText(tls)}`;
	return {
		verified: `${lead}encrypted, and ${from} checks the certificate of ${to}`,
		enforced: `${lead}nothing is sent unless the certificate of ${to} is accepted`,
		unverified: `${lead}encrypted, but ${from} does not check who ${to} is`,
		plain: `${lead}plain HTTP, without TLS, from ${from} to ${to}`,
		refused: `${lead}${from} does not accept the certificate of ${to}`,
		unknown: `TLS to ${to} is not known${reason}${needs}`,
	}[tls.state];
}

/** One sentence per leg: `Leg 2, apiserver to kubelet n7: unverified, proven; by konnectivity, inferred.` Then the failure, if any. */
export function pathSentences(path: Path): string[] {
	const ended = describeEnd(path);
	const failure = describeExpectedFailure(path);
	return [
		...(ended === '' ? [] : [`The connection ${ended}. Its path was:`]),
		...path.legs.map(leg => legSentence(describeLeg(path, leg), path.unused)),
		...(failure === null ? [] : [failureSentence(failure)]),
	].map(sentence => sanitize(sentence));
}

function legSentence({n, from, to, name, tls, route}: LegDescription, unused: UnusedLeg | null): string {
	if (unused?.leg === n) {
		return `Leg ${n}, ${from} to ${`${to} ${name}`.trim()}, ${unused.why}.`;
	}

	const how = route.basis === null ? route.name : route.name === 'direct' ? 'directly' : `by ${route.name}`;
	return `Leg ${n}, ${from} to ${`${to} ${name}`.trim()}: ${withBasis(tls.name, tls.basis)}; ${withBasis(how, route.basis)}.`;
}

function withBasis(name: string, basis: string | null): string {
	return basis === null ? name : `${name}, ${basis}`;
}

function failureSentence({leg, time, otherEnd, message}: FailureDescription): string {
	const word = time === null ? 'would fail' : `failed at ${clockTime(time)}`;
	return `Leg ${leg} ${word}${otherEnd === null ? '' : ` to ${otherEnd}`}: ${message}.`;
}

/** What is not determined, each with what would settle it. */
export function describeUndetermined({legs, process, unused}: Path): ReadonlyArray<Part<'leg 1' | 'leg 2' | 'agent' | 'replicas'>> {
	const {known, read, boundBy} = process;
	const hasAgent = legs.some(({route}) => route.state === 'konnectivity' && route.agent === null);
	const hasOthers = known !== null && boundBy !== 'all-replicas-agree' && known > read;
	const holds = boundBy === 'same-connection' ? 'this connection uses one of them' : 'the others may differ';
	return [
		...legs.flatMap(({n, tls, route}) =>
			Object.entries({TLS: tls, route}).flatMap(([subject, verdict]) =>
				verdict.state === 'unknown' && unused?.leg !== n ? [{role: `leg ${n}` as const, text: `${subject}${needsText(verdict)}`}] : [],
			),
		),
		...(hasAgent ? [{role: 'agent' as const, text: `which agent carries it;${needsText({need: [needAgentMetrics]})}`}] : []),
		...(known === null ? [{role: 'replicas' as const, text: `number of apiservers unknown; ${needLeases.permission} may show it`}] : []),
		...(hasOthers ? [{role: 'replicas' as const, text: `${describeReplicas(process).text}; ${holds}`}] : []),
	];
}

function needsText({need, why = 'no permission or probe can settle it'}: Pick<Verdict<string>, 'need' | 'why'>): string {
	return need.length === 0 ? `: ${why}` : ` needs ${needsInOneLine(need)}`;
}
