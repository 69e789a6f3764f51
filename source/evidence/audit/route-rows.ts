/** Audit rows C9 to C11: SSH tunnels, Konnectivity, exposure. */
import type {Basis, Citation, Observations} from '../evidence.ts';
import {describeAgentReadiness} from '../probes/agent-metrics.ts';
import {needsOfEach, needActive, needApiserverHost, needMetrics, needMirrorPods, remedies} from '../rules/needs.ts';
import {describeFailure} from '../second-leg-record.ts';
import {citeAttempt, tunnelFailure} from '../rules/second-leg-outcomes.ts';
import {refusedEgressProxy} from '../rules/egress-proxy-certificate.ts';
import {secondLegRoute, type RouteVerdict} from '../rules/second-leg-route.ts';
import {isBehindSupervisor} from '../rules/first-leg.ts';
import {excludeSshByVersion} from '../rules/ssh-tunnels.ts';
import {cite, settleClaims, weakestBasis} from '../rules/claims.ts';
import type {RowResult} from './audit-object.ts';
import {citeObserved, needsOf, rowResult, scopeAcrossReplicas, unknownRow, unmetNeeds, usually} from './row-result.ts';
import type {AuditObservations} from './gather-observations.ts';

/** C9: removed in 1.22; flags, metrics or a health check show older ones. */
export function sshTunnelRow(audit: AuditObservations): RowResult {
	const own = audit.observations('exec');
	const impossible = excludeSshByVersion(own);
	if (impossible) {
		return rowResult(
			'pass',
			'impossible',
			impossible.basis,
			impossible.basis === 'proven' ? 'Removed in 1.22' : 'Removed from Kubernetes in 1.22; this is a vendor build',
			{citations: [impossible.citation]},
		);
	}

	const route = secondLegRoute(own);
	if (route.state === 'ssh-tunnel') {
		return rowResult('fail', 'in-use', route.basis, 'The apiserver reaches nodes through SSH tunnels, which check no host key', {
			citations: route.citations,
			remedy: remedies.konnectivity,
		});
	}

	return route.state !== 'unknown' && route.basis === 'proven'
		? rowResult('pass', 'not-used', 'proven', `Not used: the route is ${route.state}`, {citations: route.citations})
		: unknownRow(
				own.version ? 'Possible in this version; not observed' : 'The version is unknown',
				unmetNeeds([needMirrorPods, needMetrics], audit, needApiserverHost),
			);
}

export function konnectivityRow(audit: AuditObservations): RowResult {
	const {perReplica, agents} = audit;
	const routes = perReplica('exec').map(observations => ({observations, route: secondLegRoute(observations)}));
	const [{observations, route}] = routes as [(typeof routes)[number]];
	const ready = agents.observation?.facts.filter(({ready}) => ready) ?? [];
	const all = agents.observation?.facts ?? [];
	const across = scopeAcrossReplicas(
		observations,
		routes.map(one => one.observations),
		routes.filter(one => one.route.state === route.state && one.route.basis === 'proven').map(one => one.observations),
	);
	const base = {
		citations: [...routes.flatMap(one => one.route.citations), ...citeObserved(audit, agents, 'agent-pods', describeAgentReadiness)],
		exceptions: [
			...all.filter(({ready}) => !ready).map(({name}) => `agent ${name}: not ready`),
			...routes
				.filter(one => one.route.state !== route.state)
				.map(one => `apiserver ${one.observations.process?.facts.id ?? '?'}: ${one.route.state}`),
		],
		scope: across.scope,
	};
	const isFailing = failureSeen(observations) !== null;
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
			`The route to nodes is unknown for ${routes.length - seen.length} of ${routes.length} examined apiservers`,
			unseen.route.need.length > 0 ? unseen.route.need : [needActive],
			base,
		);
	}

	const basis = weakestBasis(across.basis, ...routes.filter(one => one.route.state === route.state).map(one => one.route.basis));
	switch (route.state) {
		case 'konnectivity':
		case 'egress-http-connect': {
			const seen = agents.observation ? describeAgentReadiness(all) : 'the agent pods could not be listed';
			return inUse(
				observations,
				{...route, basis},
				{all: all.length, ready: ready.length, seen},
				base,
				needsOfEach(across.need, route.need, needsOf(agents)),
			);
		}

		case 'direct':
		case 'ssh-tunnel':
		case 'proxy': {
			return rowResult('not-applicable', route.state, basis, `Not used: the route is ${route.state}`, {...base, need: across.need});
		}

		default: {
			const failed = failureSeen(observations);
			if (failed) {
				const remedy = failed.remedy ?? tunnelRemedy;
				return rowResult('fail', route.state, 'inferred', `The route is not proven, but a tunnel is ${failed.words}`, {
					...base,
					broken: true,
					remedy,
				});
			}

			return unknownRow(
				`${route.why ?? 'The route to nodes is unknown'}${usually(audit, 'route')}`,
				route.need.length > 0 ? route.need : [needActive],
				{
					...base,
					state: route.state,
				},
			);
		}
	}
}

const tunnelRemedy = 'kubectl -n kube-system describe pods of the agents; check the konnectivity-server next to the apiserver';

/** A failure of the tunnel itself. One unreachable far end is not such a failure. */
function failureSeen(observations: Observations): {words: string; basis: Basis; citations: readonly Citation[]; remedy?: string} | null {
	const probed = observations.failures.find(({facts, active}) => facts.route !== null && active);
	if (probed) {
		const citation = cite(observations, probed, 'text-of-a-tunnel', probed.facts.text);
		return {words: `failing: ${probed.facts.text}`, basis: settleClaims([{state: 'failing', citations: [citation]}]).basis, citations: []};
	}

	const proxy = refusedEgressProxy(observations);
	if (proxy) {
		return {...proxy, words: 'failing: the apiserver refuses the certificate of the proxy', remedy: remedies.egressProxy};
	}

	const attempt = tunnelFailure(observations);
	return (
		attempt && {words: describeFailure(attempt, observations.time), basis: 'inferred', citations: [citeAttempt(observations, attempt)]}
	);
}

function inUse(
	observations: Observations,
	route: RouteVerdict,
	agents: {all: number; ready: number; seen: string},
	base: Partial<RowResult> & Pick<RowResult, 'scope'>,
	need: RowResult['need'],
): RowResult {
	const failed = failureSeen(observations);
	if (failed !== null || (agents.all > 0 && agents.ready === 0)) {
		const basis = weakestBasis(route.basis, failed?.basis ?? 'inferred');
		return rowResult('fail', route.state, basis, failed === null ? 'In use, but no agent is ready' : `In use, but ${failed.words}`, {
			...base,
			broken: failed !== null,
			citations: [...(base.citations ?? []), ...(failed?.citations ?? [])],
			scope: basis === 'proven' ? base.scope : {...base.scope, proven: 0},
			remedy: failed?.remedy ?? tunnelRemedy,
		});
	}

	// One dialer serves all streams; only a proxy from the environment takes precedence.
	const kinds = 'logs, exec, attach, port-forward and the node, pod and service proxies';
	const message = `In use${route.protocol === null ? '' : ` (${route.protocol})`} for ${kinds}; ${agents.seen}`;
	const whose = isBehindSupervisor(observations)
		? 'it ends at k3s’s own server, which is not Konnectivity'
		: `only the agents’ metrics show whether it is Konnectivity; ${agents.seen}`;
	return route.state === 'konnectivity'
		? rowResult(agents.all > agents.ready ? 'warn' : 'pass', 'konnectivity', route.basis, message, {...base, need})
		: rowResult('warn', 'egress-http-connect', route.basis, `An HTTP CONNECT egress is in use; ${whose}`, {...base, need: route.need});
}

export function exposureSummary(rows: ReadonlyArray<{id: string; result: RowResult}>): RowResult {
	const by = (verdict: string) => rows.filter(({result}) => result.verdict === verdict);
	const citations = rows.flatMap(({result}) => result.citations);
	const [failed, unknown] = [by('fail'), by('unknown')];
	if (failed.length > 0) {
		const proven = failed.filter(({result}) => result.basis === 'proven');
		return rowResult(
			'fail',
			'exposed',
			proven.length > 0 ? 'proven' : 'inferred',
			`Not safe over an untrusted network: ${failed.map(({id}) => id).join(', ')}`,
			{citations, remedy: 'verify kubelets (C4), and put what cannot be verified inside the Konnectivity tunnel (C10)'},
		);
	}

	if (unknown.length > 0) {
		return unknownRow(`Unknown for ${unknown.map(({id}) => id).join(', ')}`, needsOfEach(...unknown.map(({result}) => result.need)), {
			citations,
		});
	}

	const inferred = rows.some(({result}) => result.basis !== 'proven');
	return rowResult(
		'pass',
		'protected',
		inferred ? 'inferred' : 'proven',
		'Every kind of connection is verified or inside the tunnel up to the node network',
		{citations},
	);
}
