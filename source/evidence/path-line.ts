/** What a path line says, and the line in plain ASCII. */
import type {ErrorObject} from '../base/errors/spoke-error.ts';
import type {Leg, Path, ResolvedTarget} from './evidence.ts';
import {isApiserverRefusal} from '../cluster/server-messages/explain-message.ts';

export type PathLineLeg = {
	leg: Leg;
	isBroken: boolean;
	/** Instead of route and TLS, if neither is known. */
	unknown: 'checking' | 'unknown' | 'not used' | null;
	end: {text: string; short: string};
};

type PathLineInput = Pick<Path, 'legs' | 'about' | 'phase' | 'target' | 'broken' | 'unused'> & {error: ErrorObject | null};

/** Nothing follows a failed leg, nor a refusal of the apiserver: it is unknown whether leg 2 was used. */
export function pathLineLegs(path: PathLineInput): readonly PathLineLeg[] {
	const {legs, target, broken, unused, error} = path;
	const failed = failedLeg(path);
	const shown = failed ?? (unused === null && error !== null && isApiserverRefusal(error) ? 1 : legs.length);
	return legs.slice(0, shown).map((leg, index) => {
		const hasNoNode = index === 1 && broken?.reason === 'no-node';
		const name = farEndName(leg, target);
		const isUnknown = leg.tls.state === 'unknown' && leg.route.state === 'unknown';
		return {
			leg,
			isBroken: failed === index + 1,
			unknown: unused && unused.leg === leg.n ? 'not used' : isUnknown ? (index === 1 && isChecking(path) ? 'checking' : 'unknown') : null,
			end:
				index === 0
					? {text: hubName(leg.to), short: hubName(leg.to)}
					: {text: hasNoNode ? 'no node yet' : `${leg.to} ${name}`.trim(), short: hasNoNode ? 'no node' : name || leg.to},
		};
	});
}

/** Nothing more is read of a connection that closed before a stream opened on it, for example one that a requirement refused. */
export function isChecking({about, phase}: Pick<Path, 'about' | 'phase'>): boolean {
	return phase === 'checking' && about !== 'ended-connection';
}

/** Per arrow the route, then TLS. A direct leg 1 shows only its TLS; the failed leg, if known, ends in `-x`. */
export function formatPathLine(path: PathLineInput): string {
	const legs = pathLineLegs(path).map(
		(line, index) => ` -${index === 0 ? formatFirstLeg(line.leg) : formatSecondLeg(line)}-${line.isBroken ? 'x' : '>'} ${line.end.text}`,
	);
	return `path: you${legs.join('')}`;
}

function formatFirstLeg({tls, route}: Leg): string {
	return route.state === 'direct' || route.state === 'unknown' ? tls.state : `${route.state},${tls.state}`;
}

function formatSecondLeg({leg: {tls, route}, unknown}: PathLineLeg): string {
	return unknown ?? `${route.state === 'unknown' ? 'route unknown' : route.state},${tls.state === 'unknown' ? 'TLS unknown' : tls.state}`;
}

/** A recognized gateway, or the apiserver. */
export function hubName(to: Leg['to'] | null | undefined): 'gateway' | 'apiserver' {
	return to === 'gateway' ? 'gateway' : 'apiserver';
}

/** A workload's kubelet has no name before a pod is chosen. */
export function farEndName({to}: Pick<Leg, 'to'>, {kind, name, node}: Pick<ResolvedTarget, 'kind' | 'name' | 'node'>): string {
	return to === 'kubelet' || to === 'node' ? (node ?? (kind === 'Node' ? name : '')) : name;
}

/** `null` if the path did not fail, the apiserver refused the request, or the leg is unknown. */
export function failedLeg({phase, error, broken}: Pick<Path, 'phase' | 'error' | 'broken'>): number | null {
	if (broken) {
		return broken.leg;
	}

	if (phase !== 'failed' || error?.legKnown === false || (error && isApiserverRefusal(error))) {
		return null;
	}

	return error?.leg ?? 2;
}
