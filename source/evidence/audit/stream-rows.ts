/** Audit rows C1 to C3 and C6 to C8: connections to nodes, pods and services. */
import type {Basis, Need, Observations, RuleVerdict, TlsState} from '../evidence.ts';
import {decideExposure, type ExposureVerdict} from '../rules/exposure.ts';
import {needsOfEach, remedies} from '../rules/needs.ts';
import {describeFailure} from '../second-leg-record.ts';
import {citeAttempt, failuresOfKind} from '../rules/second-leg-outcomes.ts';
import {secondLegRoute, type RouteVerdict} from '../rules/second-leg-route.ts';
import {secondLegTls, endsAtKubelet} from '../rules/second-leg-tls.ts';
import {weakestBasis} from '../rules/claims.ts';
import type {AuditedLeg, RowResult} from './audit-object.ts';
import {resultsOf, scopeAcrossReplicas} from './row-result.ts';

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
	const alike = evaluated.filter(one => one.tls.state === tls.state && one.route.state === route.state);
	const acrossOf = (some: typeof evaluated) =>
		scopeAcrossReplicas(
			observations,
			all,
			some.map(one => one.observations),
		);
	const across = acrossOf(alike.filter(isProven));
	const need = needsOfExposure(worst);
	const {pass, warn, fail, unknown} = resultsOf({
		citations: alike.flatMap(one => [...one.tls.citations, ...one.route.citations]),
		scope: across.scope,
		exceptions: evaluated
			.filter(one => !alike.includes(one))
			.map(one => `apiserver ${one.observations.process?.facts.id ?? '?'}: ${describeLeg(one)}`),
	});
	if (exposure.state === 'unknown') {
		const encrypted = acrossOf(alike.filter(one => one.tls.basis === 'proven'));
		return unknown(`Exposure unknown: ${exposure.why}`, exposure.need.length > 0 ? exposure.need : need, {
			leg: legOf(worst, encrypted.basis),
			state: tls.state,
			basis: tls.state === 'unknown' ? 'unknown' : weakestBasis(encrypted.basis, ...alike.map(one => one.tls.basis)),
			scope: encrypted.scope,
		});
	}

	const message = `${describeLeg(worst)}: ${exposure.why}`;
	if (exposure.state === 'exposed') {
		return fail(tls.state, message, {
			basis: exposure.basis,
			leg: legOf(worst, 'proven'),
			need,
			remedy: endsAtKubelet(observations)
				? remedies.kubeletCa
				: 'the apiserver proxy never verifies: keep it inside a trusted network or the Konnectivity tunnel',
		});
	}

	const basis = weakestBasis(across.basis, ...evaluated.map(one => one.exposure.basis));
	const more = {leg: legOf(worst, across.basis), need: across.basis === 'proven' ? need : needsOfEach(need, across.need)};
	return tls.state === 'refused'
		? warn('refused', message, {...more, basis: weakestBasis(basis, tls.basis), remedy: remedies.kubeletServing})
		: pass(tls.state === 'unknown' ? 'tunnelled' : tls.state, message, {...more, basis});
}

type Evaluated = {tls: RuleVerdict<TlsState>; route: RouteVerdict; exposure: ExposureVerdict};

/** `strongest`: the basis that the apiservers not examined leave. */
function legOf({route, tls}: Evaluated, strongest: Basis): AuditedLeg {
	return {
		route: {state: route.state, basis: weakestBasis(route.basis, strongest)},
		tls: {state: tls.state, basis: weakestBasis(tls.basis, strongest)},
	};
}

/** What would prove the verdicts that decide the exposure: the one that protects, or TLS and route if nothing does. */
function needsOfExposure({tls, route, exposure}: Evaluated): readonly Need[] {
	if (exposure.state === 'protected') {
		return exposure.by === 'route' ? route.need : tls.need;
	}

	return needsOfEach(...[tls, route].map(({basis, need}) => (basis === 'proven' ? [] : need)));
}

function isProven({exposure, tls}: Evaluated): boolean {
	return weakestBasis(exposure.basis, ...(tls.state === 'unknown' ? [] : [tls.basis])) === 'proven';
}

/** The basis of the row must not seem to be that of a route that is only inferred. */
function describeLeg({route, tls, exposure}: Evaluated): string {
	const weaker = exposure.basis === 'proven' && route.basis === 'inferred' ? ' (inferred)' : '';
	return `${route.state === 'unknown' ? 'route unknown' : route.state}${weaker}, ${tls.state === 'unknown' ? 'TLS unknown' : tls.state}`;
}
