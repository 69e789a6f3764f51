/** C1–C3 and C6–C8: what each kind of connection from the apiserver to nodes, pods and services may be called. */
import type {Basis, Observations, RouteState, RuleVerdict, TlsState} from '../evidence.ts';
import {decideExposure} from '../rules/exposure.ts';
import {remedies} from '../rules/remedies.ts';
import {failedWords} from '../last-attempt.ts';
import {citeAttempt, failuresOfKind} from '../rules/second-leg-outcomes.ts';
import {secondLegRoute} from '../rules/second-leg-route.ts';
import {secondLegTls, endsAtKubelet} from '../rules/second-leg-tls.ts';
import {weakestBasis} from '../rules/basis.ts';
import type {RowResult} from './audit-object.ts';
import {scopeAcrossReplicas} from './replica-scope.ts';
import {rowResult, unknownRow} from './row-result.ts';

/** One kind of connection (attach goes as exec does) on each apiserver met. The verdict is by the worst crossing; the words are its route and TLS. */
export function streamRow(all: readonly Observations[]): RowResult {
	const [grounds] = all;
	const row = crossingRow(all);
	const failed = grounds ? failuresOfKind(grounds) : [];
	if (!grounds || failed.length === 0) {
		return row;
	}

	// That it would be protected is no use to anybody while it fails.
	const exceptions = [
		...row.exceptions,
		...failed.map(attempt => `${attempt.farEnd}: ${attempt.feature} ${failedWords(attempt, grounds.time)}`),
	];
	const because = [...row.because, ...failed.map(attempt => citeAttempt(attempt))];
	const remedy = row.remedy ?? failed.find(({failure}) => failure.error.remedy !== null)?.failure.error.remedy ?? null;
	const broken = {...row, broken: true, exceptions, because};
	return row.verdict === 'pass' ? {...broken, verdict: 'warn', message: `${row.message}; the last attempt failed`, remedy} : broken;
}

function crossingRow(all: readonly Observations[]): RowResult {
	const judged = all.map(grounds => {
		const tls = secondLegTls(grounds);
		const route = secondLegRoute(grounds);
		return {grounds, tls, route, sum: decideExposure(grounds, tls, route)};
	});
	const worst = judged.find(({sum}) => sum.state === 'exposed') ?? judged.find(({sum}) => sum.state === 'unknown') ?? judged[0]!;
	const {tls, route, sum, grounds} = worst;
	const words = wordsOf(worst);
	const alike = judged.filter(one => one.tls.state === tls.state && one.route.state === route.state);
	const across = scopeAcrossReplicas(
		grounds,
		all,
		alike.filter(isProven).map(one => one.grounds),
	);
	const more = {
		because: alike.flatMap(one => [...one.tls.because, ...one.route.because]),
		scope: across.scope,
		exceptions: judged.filter(one => !alike.includes(one)).map(one => `apiserver ${one.grounds.process?.facts.id ?? '?'}: ${wordsOf(one)}`),
		need: [...tls.need, ...route.need],
	};
	if (sum.state === 'unknown') {
		// Only whether it may cross is not known: what is known of its TLS keeps its own basis.
		const encrypted = scopeAcrossReplicas(
			grounds,
			all,
			alike.filter(one => one.tls.basis === 'proven').map(one => one.grounds),
		);
		const basis = tls.state === 'unknown' ? 'unknown' : weakestBasis(encrypted.basis, ...alike.map(one => one.tls.basis));
		return unknownRow(`${words}: ${sum.why}`, sum.need.length > 0 ? sum.need : more.need, {
			...more,
			state: tls.state,
			basis,
			scope: encrypted.scope,
		});
	}

	if (sum.state === 'exposed') {
		return rowResult('fail', tls.state, sum.basis, `${words}: ${sum.why}`, {
			...more,
			remedy: endsAtKubelet(grounds)
				? remedies.kubeletCa
				: 'keep it inside a trusted network or the Konnectivity tunnel; the proxy itself can never verify',
		});
	}

	const basis = weakestBasis(across.basis, ...judged.map(one => one.sum.basis));
	const need = across.basis === 'proven' ? more.need : [...more.need, ...across.need];
	if (tls.state === 'refused') {
		return rowResult('warn', 'refused', basis, `${words}: ${sum.why}`, {...more, need, remedy: remedies.kubeletServing});
	}

	// Of a certificate that is checked it may not be seen whether it was accepted; in a tunnel, not even whether it is checked.
	const isChecked = tls.state === 'unknown' && sum.protectedBy === 'check';
	return isChecked
		? rowResult('pass', 'checked', basis, `${routeWord(route)}, checked: ${sum.why}`, {...more, need})
		: rowResult('pass', tls.state === 'unknown' ? 'tunnelled' : tls.state, basis, `${words}: ${sum.why}`, {...more, need});
}

/** Where only that it is checked is known, the row says no more than the crossing does. */
function isProven({sum, tls}: {sum: {basis: Basis}; tls: RuleVerdict<TlsState>}): boolean {
	return weakestBasis(sum.basis, ...(tls.state === 'unknown' ? [] : [tls.basis])) === 'proven';
}

function wordsOf({route, tls}: {route: Pick<RuleVerdict<RouteState>, 'state'>; tls: Pick<RuleVerdict<TlsState>, 'state'>}): string {
	return `${routeWord(route)}, ${tls.state === 'unknown' ? 'TLS unknown' : tls.state}`;
}

function routeWord({state}: Pick<RuleVerdict<RouteState>, 'state'>): string {
	return state === 'unknown' ? 'route unknown' : state;
}
