/** The path line in plain ASCII. */
import type {ErrorObject} from '../errors/spoke-error.ts';
import type {Leg, Path, ResolvedTarget} from './evidence.ts';

/** Per arrow the route, then TLS. A direct leg 1 shows only its TLS; the failed leg, if known, ends in `-x`. */
export function formatPathLine({
	legs,
	phase,
	target,
	error,
	broken: expected,
}: {
	legs: readonly [Leg, Leg];
	phase: Path['phase'];
	target: ResolvedTarget;
	error: ErrorObject | null;
	broken: Path['broken'];
}): string {
	const [first, second] = legs;
	const broken = failedLeg({phase, error, broken: expected});
	const start = `path: you -${formatFirstLeg(first)}-${broken === 1 ? 'x' : '>'} ${hubName(first.to)}`;
	return broken === 1
		? start
		: `${start} -${formatSecondLeg(second, phase)}-${broken === 2 ? 'x' : '>'} ${expected?.reason === 'no-node' ? 'no node yet' : `${second.to} ${farEndName(second, target)}`.trim()}`;
}

function formatFirstLeg({tls, route}: Leg): string {
	return route.state === 'direct' || route.state === 'unknown' ? tls.state : `${route.state},${tls.state}`;
}

function formatSecondLeg({tls, route}: Leg, phase: Path['phase']): string {
	if (tls.state === 'unknown' && route.state === 'unknown') {
		return phase === 'checking' ? 'checking' : 'unknown';
	}

	return `${route.state === 'unknown' ? 'route unknown' : route.state},${tls.state === 'unknown' ? 'TLS unknown' : tls.state}`;
}

/** A recognized gateway, or the apiserver. */
export function hubName(to: Leg['to'] | null | undefined): 'gateway' | 'apiserver' {
	return to === 'gateway' ? 'gateway' : 'apiserver';
}

/** A workload's kubelet has no name before a pod is chosen. */
export function farEndName({to}: Pick<Leg, 'to'>, {kind, name, node}: Pick<ResolvedTarget, 'kind' | 'name' | 'node'>): string {
	return to === 'kubelet' || to === 'node' ? (node ?? (kind === 'Node' ? name : '')) : name;
}

/** `null` if the path did not fail, or the leg is unknown. */
export function failedLeg({phase, error, broken}: Pick<Path, 'phase' | 'error' | 'broken'>): number | null {
	if (broken) {
		return broken.leg;
	}

	if (phase !== 'failed' || error?.legKnown === false) {
		return null;
	}

	return error?.leg ?? 2;
}
