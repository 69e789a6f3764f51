/** Audit rows C9 to C11: SSH tunnels, Konnectivity, exposure. */
import type {Citation, Observations} from '../evidence.ts';
import {describeAgentReadiness} from '../probes/agent-metrics.ts';
import {needsOfEach, needActive, needApiserverHost, needMetrics, needMirrorPods, remedies} from '../rules/needs.ts';
import {describeFailure} from '../second-leg-record.ts';
import {citeAttempt, tunnelFailure} from '../rules/second-leg-outcomes.ts';
import {refusedEgressProxy} from '../rules/egress-proxy-certificate.ts';
import {secondLegRoute, type RouteVerdict} from '../rules/second-leg-route.ts';
import {isBehindSupervisor} from '../rules/first-leg.ts';
import {excludeSshByVersion} from '../rules/ssh-tunnels.ts';
import {weakestBasis} from '../rules/claims.ts';
import type {JudgedRows, RowResult} from './audit-object.ts';
import {citeObserved, needsOf, resultsOf, scopeAcrossReplicas, sumUp, unmetNeeds, usually} from './row-result.ts';
import type {AuditObservations} from './gather-observations.ts';

/** C9: removed in 1.22; flags, metrics or a health check show older ones. */
export function sshTunnelRow(audit: AuditObservations): RowResult {
	const own = audit.observations('exec');
	const {pass, fail, unknown} = resultsOf();
	const impossible = excludeSshByVersion(own);
	if (impossible) {
		const {basis, citation} = impossible;
		const message = basis === 'proven' ? 'Removed in 1.22' : 'Removed from Kubernetes in 1.22; this is a vendor build';
		return pass('impossible', message, {basis, citations: [citation]});
	}

	const {state, basis, citations} = secondLegRoute(own);
	if (state === 'ssh-tunnel') {
		const remedy = remedies.konnectivity;
		return fail('in-use', 'The apiserver reaches nodes through SSH tunnels, which check no host key', {basis, citations, remedy});
	}

	return state !== 'unknown' && basis === 'proven'
		? pass('not-used', `Not used: the route is ${state}`, {basis, citations})
		: unknown(
				own.version ? 'Possible in this version; not observed' : 'The version is unknown',
				unmetNeeds([needMirrorPods, needMetrics], audit, needApiserverHost),
			);
}

/** C10: the route of exec, which is that of the other streams unless a proxy from the environment applies. */
export function konnectivityRow(audit: AuditObservations): RowResult {
	const {perReplica, agents} = audit;
	const routes = perReplica('exec').map(observations => ({observations, route: secondLegRoute(observations)}));
	const [{observations, route}] = routes as [(typeof routes)[number]];
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
	const {result, warn, fail, unknown} = resultsOf(base);
	const failed = failureSeen(observations);
	const seen = routes.filter(one => one.route.state !== 'unknown');
	if (new Set(seen.map(one => one.route.state)).size > 1 && !failed) {
		return warn('mixed', `The apiservers differ: ${routes.map(one => one.route.state).join(', ')}`, {
			basis: weakestBasis(...seen.map(one => one.route.basis)),
			remedy: 'give every apiserver the same --egress-selector-config-file',
		});
	}

	const needOf = ({need}: RouteVerdict) => (need.length > 0 ? need : [needActive]);
	const unseen = routes.find(one => one.route.state === 'unknown');
	if (unseen && seen.length > 0 && !failed) {
		return unknown(
			`The route to nodes is unknown for ${routes.length - seen.length} of ${routes.length} examined apiservers`,
			needOf(unseen.route),
		);
	}

	const basis = weakestBasis(across.basis, ...routes.filter(one => one.route.state === route.state).map(one => one.route.basis));
	switch (route.state) {
		case 'konnectivity':
		case 'egress-http-connect': {
			const need = needsOfEach(across.need, route.need, needsOf(agents));
			return inUse(observations, {...route, basis}, agents, {base, need, failed});
		}

		case 'direct':
		case 'ssh-tunnel':
		case 'proxy': {
			return result('not-applicable', route.state, `Not used: the route is ${route.state}`, {basis, need: across.need});
		}

		default: {
			return failed
				? fail(route.state, `The route is not proven, but a tunnel is ${failed.words}`, {
						broken: true,
						remedy: failed.remedy ?? tunnelRemedy,
					})
				: unknown(`${route.why ?? 'The route to nodes is unknown'}${usually(audit, 'route')}`, needOf(route), {state: route.state});
		}
	}
}

const tunnelRemedy = 'kubectl -n kube-system describe pods of the agents; check the konnectivity-server next to the apiserver';

type SeenFailure = {words: string; citations: readonly Citation[]; remedy?: string};

/** A failure of the tunnel itself, in words that a far end can have written. One unreachable far end is not such a failure. */
function failureSeen(observations: Observations): SeenFailure | null {
	const probed = observations.failures.find(({facts, active}) => facts.route !== null && active);
	if (probed) {
		return {words: `failing: ${probed.facts.text}`, citations: []};
	}

	const proxy = refusedEgressProxy(observations);
	if (proxy) {
		return {citations: proxy, words: 'failing: the apiserver refuses the certificate of the proxy', remedy: remedies.egressProxy};
	}

	const attempt = tunnelFailure(observations);
	return attempt && {words: describeFailure(attempt, observations.time), citations: [citeAttempt(observations, attempt)]};
}

function inUse(
	observations: Observations,
	{state, basis, protocol, need: ofRoute}: RouteVerdict,
	{observation}: AuditObservations['agents'],
	{base, need, failed}: {base: Pick<RowResult, 'citations' | 'scope'>; need: RowResult['need']; failed: SeenFailure | null},
): RowResult {
	const {pass, warn, fail} = resultsOf({...base, basis});
	const all = observation?.facts ?? [];
	const ready = all.filter(one => one.ready).length;
	if (failed !== null || (all.length > 0 && ready === 0)) {
		return fail(state, failed === null ? 'In use, but no agent is ready' : `In use, but ${failed.words}`, {
			basis: weakestBasis(basis, 'inferred'),
			broken: failed !== null,
			citations: [...base.citations, ...(failed?.citations ?? [])],
			scope: {...base.scope, proven: 0},
			remedy: failed?.remedy ?? tunnelRemedy,
		});
	}

	const seen = observation ? describeAgentReadiness(all) : 'the agent pods could not be listed';
	if (state !== 'konnectivity') {
		const whose = isBehindSupervisor(observations)
			? 'it ends at k3s’s own server, which is not Konnectivity'
			: `only the agents’ metrics show whether it is Konnectivity; ${seen}`;
		return warn('egress-http-connect', `An HTTP CONNECT egress is in use; ${whose}`, {need: ofRoute});
	}

	// One dialer serves all streams; only a proxy from the environment takes precedence.
	const kinds = 'logs, exec, attach, port-forward and the node, pod and service proxies';
	const message = `In use${protocol === null ? '' : ` (${protocol})`} for ${kinds}; ${seen}`;
	return (all.length > ready ? warn : pass)('konnectivity', message, {need});
}

/** C11: rows C1 to C3 and C6 to C8. */
export function exposureSummary(judged: JudgedRows): RowResult {
	const {rows, failed, failedBasis, open} = sumUp(['C1', 'C2', 'C3', 'C6', 'C7', 'C8'], judged);
	const {pass, fail, unknown} = resultsOf({citations: rows.flatMap(({citations}) => citations)});
	if (failed.rows.length > 0) {
		return fail('exposed', `Not safe over an untrusted network: ${failed.ids}`, {
			basis: failedBasis,
			remedy: 'verify kubelets (C4), and put what cannot be verified inside the Konnectivity tunnel (C10)',
		});
	}

	return open.rows.length > 0
		? unknown(`Unknown for ${open.ids}`, open.need)
		: pass('protected', 'Every kind of connection is verified or inside the tunnel up to the node network', {
				basis: rows.some(({basis}) => basis !== 'proven') ? 'inferred' : 'proven',
			});
}
