/** C9–C11: SSH tunnels, Konnectivity, and the sum of the second leg. */
import type {Citation, Observations} from '../evidence.ts';
import {honorsEnvironmentProxy} from '../rules/environment-proxy.ts';
import {needActive, needApiserverHost, needMetrics, needMirrorPods} from '../rules/needs.ts';
import {remedies} from '../rules/remedies.ts';
import {failedWords} from '../last-attempt.ts';
import {citeAttempt, tunnelFailure} from '../rules/second-leg-outcomes.ts';
import {secondLegRoute, type RouteVerdict} from '../rules/second-leg-route.ts';
import {excludeSshByVersion} from '../rules/ssh-tunnels.ts';
import {weakestBasis} from '../rules/basis.ts';
import {scopeAcrossReplicas} from './replica-scope.ts';
import type {RowResult} from './audit-object.ts';
import {citeObserved, rowResult, needsOf, unknownRow, unmetNeeds} from './row-result.ts';
import type {AuditObservations} from './gather-observations.ts';

/** C9: gone since 1.22; before, flags, counters or the named health check tell. */
export function sshTunnelRow(audit: AuditObservations): RowResult {
	const own = audit.grounds('exec');
	const impossible = excludeSshByVersion(own);
	if (impossible) {
		return rowResult(
			'pass',
			'impossible',
			impossible.basis,
			impossible.basis === 'proven' ? 'Not in the code since 1.22' : 'Not in the project’s code since 1.22; this is a vendor’s build',
			{because: [impossible.citation]},
		);
	}

	const route = secondLegRoute(own);
	if (route.state === 'ssh-tunnel') {
		return rowResult('fail', 'in-use', route.basis, 'The apiserver reaches nodes through SSH tunnels, which check no host key', {
			because: route.because,
			remedy: remedies.konnectivity,
		});
	}

	return route.state !== 'unknown' && route.basis === 'proven'
		? rowResult('pass', 'not-used', 'proven', `Not used: the route is ${route.state}`, {because: route.because})
		: unknownRow(
				own.version ? 'Possible on this version, and not seen' : 'The version is not known',
				unmetNeeds([needMirrorPods, needMetrics], audit, needApiserverHost),
			);
}

/** C10: in use, for which kinds of connection, and with agents that are there. */
export function konnectivityRow({each, agents}: AuditObservations): RowResult {
	const routes = each('exec').map(grounds => ({grounds, route: secondLegRoute(grounds)}));
	const [{grounds, route}] = routes as [(typeof routes)[number]];
	const ready = agents.read?.facts.filter(({ready}) => ready) ?? [];
	const all = agents.read?.facts ?? [];
	const across = scopeAcrossReplicas(
		grounds,
		routes.map(one => one.grounds),
		routes.filter(one => one.route.state === route.state && one.route.basis === 'proven').map(one => one.grounds),
	);
	const base = {
		because: [
			...routes.flatMap(one => one.route.because),
			...citeObserved(agents, 'agent-pods', () => `${ready.length} of ${all.length} agent pods ready in kube-system`),
		],
		exceptions: [
			...all.filter(({ready}) => !ready).map(({name}) => `agent ${name}: not ready`),
			...routes
				.filter(one => one.route.state !== route.state)
				.map(one => `apiserver ${one.grounds.process?.facts.id ?? '?'}: ${one.route.state}`),
		],
		scope: across.scope,
	};
	const isFailing = failureSeen(grounds) !== null;
	const seen = routes.filter(one => one.route.state !== 'unknown');
	if (new Set(seen.map(one => one.route.state)).size > 1 && !isFailing) {
		return rowResult(
			'warn',
			'mixed',
			weakestBasis(...seen.map(one => one.route.basis)),
			`The apiservers differ: ${routes.map(one => one.route.state).join(', ')}`,
			{...base, remedy: 'give every apiserver the same --egress-selector-config-file'},
		);
	}

	const unseen = routes.find(one => one.route.state === 'unknown');
	if (unseen && seen.length > 0 && !isFailing) {
		return unknownRow(
			`The route to nodes is not known of ${routes.length - seen.length} of ${routes.length} apiservers that were read`,
			unseen.route.need.length > 0 ? unseen.route.need : [needActive],
			base,
		);
	}

	const basis = weakestBasis(across.basis, ...routes.filter(one => one.route.state === route.state).map(one => one.route.basis));
	switch (route.state) {
		case 'konnectivity':
		case 'egress-http-connect': {
			const seen = all.length === 0 ? 'no agent pod seen in kube-system' : `${ready.length} of ${all.length} agent pods ready`;
			return inUse(grounds, {...route, basis}, {all: all.length, ready: ready.length, seen}, base, [
				...across.need,
				...route.need,
				...needsOf(agents),
			]);
		}

		case 'direct':
		case 'ssh-tunnel':
		case 'proxy': {
			return rowResult('not-applicable', route.state, basis, `Not used: the route is ${route.state}`, {...base, need: across.need});
		}

		default: {
			return unknownRow(route.why ?? 'The route to nodes is not known', route.need.length > 0 ? route.need : [needActive], {
				...base,
				state: route.state,
			});
		}
	}
}

/** Of a probe, or of the last attempt: one far end that cannot be reached through a tunnel is not the tunnel. */
function failureSeen(grounds: Observations): {words: string; because: readonly Citation[]} | null {
	const probed = grounds.failures.find(({facts, active}) => facts.route !== null && active);
	if (probed) {
		return {words: `failing: ${probed.facts.text}`, because: []};
	}

	const attempt = tunnelFailure(grounds);
	return attempt && {words: failedWords(attempt, grounds.time), because: [citeAttempt(attempt)]};
}

function inUse(
	grounds: Observations,
	route: RouteVerdict,
	agents: {all: number; ready: number; seen: string},
	base: Partial<RowResult> & Pick<RowResult, 'scope'>,
	need: RowResult['need'],
): RowResult {
	const failed = failureSeen(grounds);
	if (failed !== null || (agents.all > 0 && agents.ready === 0)) {
		return rowResult(
			'fail',
			route.state,
			failed === null ? 'inferred' : route.basis,
			failed === null ? 'In use, and no agent is ready' : `In use, and ${failed.words}`,
			{
				...base,
				broken: failed !== null,
				because: [...(base.because ?? []), ...(failed?.because ?? [])],
				scope: failed ? base.scope : {...base.scope, proven: 0},
				remedy: 'kubectl -n kube-system describe pods of the agents; look at the konnectivity-server beside the apiserver',
			},
		);
	}

	// One dialer serves logs, exec, attach, port-forward and the proxies alike; only an environment's proxy could stand before it.
	const everyKind = honorsEnvironmentProxy({...grounds.purpose, feature: 'logs'})
		? 'logs, exec, attach, port-forward and the node, pod and service proxies share its dialer'
		: '';
	const message = `In use${route.protocol === null ? '' : ` by ${route.protocol}`}: ${everyKind}; ${agents.seen}`;
	return route.state === 'konnectivity'
		? rowResult(agents.all > agents.ready ? 'warn' : 'pass', 'konnectivity', route.basis, message, {...base, need})
		: rowResult(
				'warn',
				'egress-http-connect',
				route.basis,
				`An HTTP CONNECT egress is in use; whether it is Konnectivity only the agents’ metrics tell; ${agents.seen}`,
				{...base, need: route.need},
			);
}

/** C11: the worst crossing of all kinds of connection. */
export function exposureSummary(rows: ReadonlyArray<{id: string; finding: RowResult}>): RowResult {
	const by = (verdict: string) => rows.filter(({finding}) => finding.verdict === verdict);
	const because = rows.flatMap(({finding}) => finding.because);
	const [failed, unknown] = [by('fail'), by('unknown')];
	if (failed.length > 0) {
		const proven = failed.filter(({finding}) => finding.basis === 'proven');
		return rowResult(
			'fail',
			'exposed',
			proven.length > 0 ? 'proven' : 'inferred',
			`Not safe over an untrusted network: ${failed.map(({id}) => id).join(', ')}`,
			{because, remedy: 'verify kubelets (C4), and put what cannot be verified inside the Konnectivity tunnel (C10)'},
		);
	}

	if (unknown.length > 0) {
		return unknownRow(
			`Not known for ${unknown.map(({id}) => id).join(', ')}`,
			unknown.flatMap(({finding}) => finding.need),
			{because},
		);
	}

	const inferred = rows.some(({finding}) => finding.basis !== 'proven');
	return rowResult(
		'pass',
		'protected',
		inferred ? 'inferred' : 'proven',
		'Every kind of connection is verified or inside the tunnel up to the node network',
		{because},
	);
}
