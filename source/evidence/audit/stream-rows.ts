/** Audit rows C1 to C3 and C6 to C8: connections to nodes, pods and services. */
import type {Basis, Need, Observations, RouteState, RuleVerdict, TlsState} from '../evidence.ts';
import {decideExposure, type ExposureVerdict} from '../rules/exposure.ts';
import {needsOfEach, remedies} from '../rules/needs.ts';
import {describeFailure} from '../second-leg-record.ts';
import {citeAttempt, failuresOfKind} from '../rules/second-leg-outcomes.ts';
import {secondLegRoute, type RouteVerdict} from '../rules/second-leg-route.ts';
import {secondLegTls, endsAtKubelet} from '../rules/second-leg-tls.ts';
import {weakestBasis} from '../rules/claims.ts';
import type {AuditedLeg, RowResult} from './audit-object.ts';
import {rowResult, scopeAcrossReplicas, unknownRow} from './row-result.ts';

/** Judges a stream on each apiserver found; the worst exposure decides. Attach uses the path of exec. */
export function streamRow(all: readonly Observations[]): RowResult {
	const [observations] = all;
	const row = exposureRow(all);
	const failed = observations ? failuresOfKind(observations) : [];
	if (!observations || failed.length === 0) {
		return row;
	}

	// Protection is useless while the connection fails.
	const exceptions = [
		...row.exceptions,
		...failed.map(attempt => `${attempt.farEnd}: ${attempt.feature} ${describeFailure(attempt, observations.time)}`),
	];
	const citations = [...row.citations, ...failed.map(attempt => citeAttempt(observations, attempt))];
	const remedy = row.remedy ?? failed.find(({failure}) => failure.error.remedy !== null)?.failure.error.remedy ?? null;
	const broken = {...row, broken: true, exceptions, citations};
	return row.verdict === 'pass' ? {...broken, verdict: 'warn', message: `${row.message}; the last attempt failed`, remedy} : broken;
}

function exposureRow(all: readonly Observations[]): RowResult {
	const evaluated = all.map(observations => {
		const tls = secondLegTls(observations);
		const route = secondLegRoute(observations);
		return {observations, tls, route, exposure: decideExposure(observations, tls, route)};
	});
	const worst =
		evaluated.find(({exposure}) => exposure.state === 'exposed') ??
		evaluated.find(({exposure}) => exposure.state === 'unknown') ??
		evaluated[0]!;
	const {tls, route, exposure, observations} = worst;
	const words = describeLeg(worst);
	const alike = evaluated.filter(one => one.tls.state === tls.state && one.route.state === route.state);
	const across = scopeAcrossReplicas(
		observations,
		all,
		alike.filter(isProven).map(one => one.observations),
	);
	const more = {
		leg: legOf(worst, 'proven'),
		citations: alike.flatMap(one => [...one.tls.citations, ...one.route.citations]),
		scope: across.scope,
		exceptions: evaluated
			.filter(one => !alike.includes(one))
			.map(one => `apiserver ${one.observations.process?.facts.id ?? '?'}: ${describeLeg(one)}`),
		need: needsOfExposure(worst),
	};
	if (exposure.state === 'unknown') {
		const encrypted = scopeAcrossReplicas(
			observations,
			all,
			alike.filter(one => one.tls.basis === 'proven').map(one => one.observations),
		);
		const basis = tls.state === 'unknown' ? 'unknown' : weakestBasis(encrypted.basis, ...alike.map(one => one.tls.basis));
		return unknownRow(`Exposure unknown: ${exposure.why}`, exposure.need.length > 0 ? exposure.need : more.need, {
			...more,
			leg: legOf(worst, encrypted.basis),
			state: tls.state,
			basis,
			scope: encrypted.scope,
		});
	}

	if (exposure.state === 'exposed') {
		return rowResult('fail', tls.state, exposure.basis, `${words}: ${exposure.why}`, {
			...more,
			remedy: endsAtKubelet(observations)
				? remedies.kubeletCa
				: 'the apiserver proxy never verifies: keep it inside a trusted network or the Konnectivity tunnel',
		});
	}

	const basis = weakestBasis(across.basis, ...evaluated.map(one => one.exposure.basis));
	const need = across.basis === 'proven' ? more.need : needsOfEach(more.need, across.need);
	const leg = legOf(worst, across.basis);
	if (tls.state === 'refused') {
		return rowResult('warn', 'refused', weakestBasis(basis, tls.basis), `${words}: ${exposure.why}`, {
			...more,
			leg,
			need,
			remedy: remedies.kubeletServing,
		});
	}

	return rowResult('pass', tls.state === 'unknown' ? 'tunnelled' : tls.state, basis, `${words}: ${exposure.why}`, {...more, leg, need});
}

/** `strongest`: the basis that the apiservers not examined leave. */
function legOf({route, tls}: {route: RouteVerdict; tls: RuleVerdict<TlsState>}, strongest: Basis): AuditedLeg {
	return {
		route: {state: route.state, basis: weakestBasis(route.basis, strongest)},
		tls: {state: tls.state, basis: weakestBasis(tls.basis, strongest)},
	};
}

/** What would prove the verdicts that decide the exposure: the one that protects, or TLS and route if nothing does. */
function needsOfExposure({
	tls,
	route,
	exposure,
}: {
	tls: RuleVerdict<TlsState>;
	route: RouteVerdict;
	exposure: ExposureVerdict;
}): readonly Need[] {
	if (exposure.state === 'protected') {
		return exposure.by === 'route' ? route.need : tls.need;
	}

	return needsOfEach(...[tls, route].map(({basis, need}) => (basis === 'proven' ? [] : need)));
}

function isProven({exposure, tls}: {exposure: {basis: Basis}; tls: RuleVerdict<TlsState>}): boolean {
	return weakestBasis(exposure.basis, ...(tls.state === 'unknown' ? [] : [tls.basis])) === 'proven';
}

type Evaluated = {
	route: Pick<RuleVerdict<RouteState>, 'state' | 'basis'>;
	tls: Pick<RuleVerdict<TlsState>, 'state'>;
	exposure: {basis: Basis};
};

function describeLeg({route, tls, exposure}: Evaluated): string {
	const weaker = isWeakerRoute(route, exposure.basis) ? ' (inferred)' : '';
	return `${routeName(route)}${weaker}, ${tls.state === 'unknown' ? 'TLS unknown' : tls.state}`;
}

/** The basis of the row must not seem to be that of a route that is only inferred. */
function isWeakerRoute(route: Evaluated['route'], basis: Basis): boolean {
	return basis === 'proven' && route.basis === 'inferred';
}

function routeName({state}: Pick<RuleVerdict<RouteState>, 'state'>): string {
	return state === 'unknown' ? 'route unknown' : state;
}
