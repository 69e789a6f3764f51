/** Audit rows C4 and C5: kubelet certificate and access. */
import type {Basis, Citation, FlagFacts, Observation} from '../evidence.ts';
import {citeFlag} from '../rules/apiserver-flag.ts';
import {flagValue, areAllReplicasRead, flagsPerProcess, knownReplicaCount, isFromSameProcess} from '../rules/replicas.ts';
import {kubeletCaRule, kubeletTls} from '../rules/second-leg-tls.ts';
import {needApiserverHost, needConfigz, needFlagz, needMirrorPods, remedies, otherNeed} from '../rules/needs.ts';
import type {KubeletConfigurationFacts} from '../probes/kubelet.ts';
import {mayHaveEgressProxy} from '../rules/egress-proxy-certificate.ts';
import {settleClaims} from '../rules/claims.ts';
import type {JudgedRows, RowResult} from './audit-object.ts';
import {citeObserved, needOfAll, resultsOf, scopeOf, unmetNeeds, usually} from './row-result.ts';
import type {AuditObservations} from './gather-observations.ts';

const flag = 'kubelet-certificate-authority';

type ReadFlag = {observation: Observation<FlagFacts>; citation: Citation; isOff: boolean; basis: Basis};

/** One flag per apiserver, as its own connection shows it. A mirror pod can only say that verification is off. */
function readFlags(audit: AuditObservations): readonly ReadFlag[] {
	const ends = audit.perReplica('exec');
	const first = ends[0]!;
	return flagsPerProcess(first)
		.filter(observation => flagValue(observation, flag) !== undefined)
		.map(observation => {
			const citation = citeFlag(ends.find(end => isFromSameProcess(observation, end)) ?? first, observation, flag, kubeletCaRule);
			const isOff = flagValue(observation, flag) === '';
			return {observation, citation, isOff, basis: settleClaims([{state: isOff ? 'unverified' : 'enforced', citations: [citation]}]).basis};
		});
}

/** C4: fails if one apiserver does not verify; passes only if all do. */
export function kubeletCertificate(audit: AuditObservations): RowResult {
	const observations = audit.observations('exec');
	const read = readFlags(audit);
	const of = knownReplicaCount(observations);
	const off = read.filter(({isOff}) => isOff);
	const on = read.filter(({isOff, basis}) => !isOff && basis !== 'unknown');
	const citations = read.map(({citation}) => citation);
	const proven = (flags: readonly ReadFlag[]) => flags.filter(({basis}) => basis === 'proven').length;
	const {pass, fail, unknown} = resultsOf({citations});
	if (off.length > 0) {
		return fail(
			'unverified',
			off.length === read.length
				? 'The apiserver accepts any certificate from a kubelet: open to a man in the middle on an untrusted network'
				: `${off.length} of ${read.length} examined apiservers accept any certificate from a kubelet`,
			{
				basis: proven(off) > 0 ? 'proven' : 'inferred',
				scope: {of, proven: proven(off)},
				exceptions: on.map(({observation}) => `apiserver ${observation.process ?? observation.where}: enforced`),
				remedy: remedies.kubeletCa,
			},
		);
	}

	if (on.length === 0) {
		return unknown(
			`It is unknown whether kubelets are verified${usually(audit, 'kubelets')}`,
			unmetNeeds([needFlagz, needMirrorPods], audit, needApiserverHost),
			{citations: [...citations, ...kubeletTls(observations).citations], scope: {of, proven: 0}},
		);
	}

	const areAllRead =
		on.length === read.length &&
		areAllReplicasRead(
			observations,
			on.map(({observation}) => observation),
		);
	const some = on.length === 1 ? 'The examined apiserver verifies' : `The ${on.length} examined apiservers verify`;
	const refusal = describeRefusal(audit, ', and nothing is sent to that kubelet');
	return pass('enforced', `${areAllRead ? 'Every apiserver verifies' : some} kubelets’ certificates${refusal}`, {
		basis: areAllRead && proven(on) === on.length ? 'proven' : 'inferred',
		remedy: refusal === '' ? null : remedies.kubeletServing,
		scope: scopeOf(of, proven(on), areAllRead),
		need: areAllRead ? [] : [needOfAll(observations, of, true)],
	});
}

/** The end of a message; empty if no certificate was refused. `consequence`: of a kubelet’s refused certificate. */
function describeRefusal(audit: AuditObservations, consequence = ''): string {
	const observations = audit.observations('exec');
	if (kubeletTls(observations).state !== 'refused') {
		return '';
	}

	return mayHaveEgressProxy(observations)
		? '; a certificate was refused, a kubelet’s or an egress proxy’s'
		: `; a kubelet’s certificate was refused${consequence}`;
}

/** C5: uses only a kubelet's merged configuration. Its `/flagz` shows defaults that a file has replaced. */
export function kubeletAccess(audit: AuditObservations, judged: JudgedRows): RowResult {
	const observed = audit.kubelets.flatMap(({observation}) => (observation ? [observation] : []));
	const of = audit.nodes.observation?.facts.total ?? null;
	const citations = audit.kubelets.flatMap(result =>
		citeObserved(
			audit,
			result,
			'kubelet-configuration',
			facts =>
				`${facts.node}: anonymous ${facts.anonymous ? 'on' : 'off'}, webhook ${facts.webhook ? 'on' : 'off'}, client CA ${facts.clientCa ? 'set' : 'not set'}, authorization ${facts.authorizationMode || 'unknown'}, read-only port ${facts.readOnlyPort === 0 ? 'off' : facts.readOnlyPort}`,
		),
	);
	// A kubelet reports it about itself, so nothing is proven.
	const {pass, warn, fail, unknown} = resultsOf({citations, scope: {of, proven: 0}});
	if (observed.length === 0) {
		return audit.kubelets.some(({unavailable}) => unavailable?.reason === 'no-response')
			? unknown(`Requests for the configuration of kubelets through the apiserver failed${describeRefusal(audit)}`, [
					otherNeed('a kubelet that responds through the apiserver: spoke doctor node/NAME shows why it does not'),
				])
			: unknown('The configuration of kubelets could not be read', [needConfigz]);
	}

	const worse = (test: (facts: KubeletConfigurationFacts) => boolean) =>
		observed.filter(({facts}) => test(facts)).map(({facts}) => `node ${facts.node}`);
	const open = worse(({authorizationMode, readOnlyPort}) => authorizationMode === 'AlwaysAllow' || readOnlyPort !== 0);
	const {verdict, basis} = judged.get('C4')!;
	// An unverified kubelet may be an impostor and report any configuration.
	const byWhom = verdict === 'pass' && basis === 'proven' ? '' : '; as reported by kubelets whose verification is not proven';
	const remedy = remedies.kubeletAccess;
	if (open.length > 0) {
		return fail('open', `A kubelet accepts requests without authorization${byWhom}`, {exceptions: open, remedy});
	}

	const unclear = worse(({authorizationMode}) => authorizationMode !== 'Webhook');
	if (unclear.length > 0) {
		return unknown('A kubelet’s configuration does not say how it authorizes requests', [needConfigz], {exceptions: unclear});
	}

	const anonymous = worse(facts => facts.anonymous);
	return anonymous.length > 0
		? warn('anonymous', `A kubelet lets anonymous requests reach authorization${byWhom}`, {exceptions: anonymous, remedy})
		: pass('protected', `${observed.length} of ${of ?? '?'} kubelets: anonymous off, authorization by webhook, no read-only port${byWhom}`);
}
