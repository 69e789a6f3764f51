/** Audit rows C4 and C5: kubelet certificate and access. */
import type {Basis, Citation, FlagFacts, Observation} from '../evidence.ts';
import {citeFlag} from '../rules/apiserver-flag.ts';
import {flagValue, areAllReplicasRead, flagsPerProcess, knownReplicaCount, isFromSameProcess} from '../rules/replicas.ts';
import {kubeletCaRule, kubeletTls} from '../rules/second-leg-tls.ts';
import {needApiserverHost, needConfigz, needFlagz, needMirrorPods, remedies, otherNeed} from '../rules/needs.ts';
import {trustIn, settleClaims} from '../rules/claims.ts';
import type {RowResult} from './audit-object.ts';
import {citeObserved, needOfAll, rowResult, scopeAcrossReplicas, scopeOf, unknownRow, unmetNeeds, usually} from './row-result.ts';
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
	if (off.length > 0) {
		const isEach = off.length === read.length;
		return rowResult(
			'fail',
			'unverified',
			proven(off) > 0 ? 'proven' : 'inferred',
			isEach
				? 'The apiserver accepts any certificate from a kubelet: open to a man in the middle on an untrusted network'
				: `${off.length} of ${read.length} examined apiservers accept any certificate from a kubelet`,
			{
				citations,
				scope: {of, proven: proven(off)},
				exceptions: on.map(({observation}) => `apiserver ${observation.process ?? observation.where}: enforced`),
				remedy: remedies.kubeletCa,
			},
		);
	}

	if (on.length === 0) {
		return withoutFlags(audit, citations, of);
	}

	const areAllRead =
		on.length === read.length &&
		areAllReplicasRead(
			observations,
			on.map(({observation}) => observation),
		);
	const some = on.length === 1 ? 'The examined apiserver verifies' : `The ${on.length} examined apiservers verify`;
	const who = areAllRead ? 'Every apiserver verifies' : some;
	const refusal = describeRefusal(audit, ', and nothing is sent to that kubelet');
	const basis = areAllRead && proven(on) === on.length ? 'proven' : 'inferred';
	return rowResult('pass', 'enforced', basis, `${who} kubelets’ certificates${refusal}`, {
		...(refusal !== '' && {remedy: remedies.kubeletServing}),
		citations,
		scope: scopeOf(of, proven(on), areAllRead),
		need: areAllRead ? [] : [needOfAll(observations, of, true)],
	});
}

/** Only a text that no kubelet can have written shows that verification is on. */
function withoutFlags(audit: AuditObservations, citations: readonly Citation[], of: number | null): RowResult {
	const observations = audit.observations('exec');
	const tls = kubeletTls(observations);
	return tls.state === 'refused' && trustIn(tls.authors) !== 'foreign'
		? rowResult('pass', 'enforced', 'inferred', 'A certificate was refused: verification is on, unless it is an egress proxy’s', {
				citations: tls.citations,
				scope: {of, proven: 0},
				need: scopeAcrossReplicas(observations, audit.perReplica('exec'), []).need,
				remedy: remedies.kubeletServing,
			})
		: unknownRow(
				`It is unknown whether kubelets are verified${usually(audit, 'kubelets')}`,
				unmetNeeds([needFlagz, needMirrorPods], audit, needApiserverHost),
				{citations: [...citations, ...tls.citations], scope: {of, proven: 0}},
			);
}

/** The end of a message; empty if no certificate was refused. `consequence`: of a kubelet’s refused certificate. */
function describeRefusal(audit: AuditObservations, consequence = ''): string {
	const {state, basis} = kubeletTls(audit.observations('exec'));
	if (state !== 'refused') {
		return '';
	}

	return basis === 'proven'
		? `; a kubelet’s certificate was refused${consequence}`
		: '; a certificate was refused, a kubelet’s or an egress proxy’s';
}

/** C5: uses only a kubelet's merged configuration. Its `/flagz` shows defaults that a file has replaced. */
export function kubeletAccess(audit: AuditObservations): RowResult {
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
	if (observed.length === 0) {
		return audit.kubelets.some(({unavailable}) => unavailable?.reason === 'no-response')
			? unknownRow(
					`Requests for the configuration of kubelets through the apiserver failed${describeRefusal(audit)}`,
					[otherNeed('a kubelet that responds through the apiserver: spoke doctor node/NAME shows why it does not')],
					{scope: {of, proven: 0}},
				)
			: unknownRow('The configuration of kubelets could not be read', [needConfigz], {scope: {of, proven: 0}});
	}

	const worse = (test: (facts: (typeof observed)[number]['facts']) => boolean) =>
		observed.filter(({facts}) => test(facts)).map(({facts}) => `node ${facts.node}`);
	const open = worse(({authorizationMode, readOnlyPort}) => authorizationMode === 'AlwaysAllow' || readOnlyPort !== 0);
	// A kubelet reports it about itself.
	const basis = 'inferred';
	const scope = {of, proven: 0};
	const byWhom = kubeletsAreVerified(audit) ? '' : '; as reported by kubelets whose verification is not proven';
	if (open.length > 0) {
		return rowResult('fail', 'open', basis, `A kubelet accepts requests without authorization${byWhom}`, {
			citations,
			scope,
			exceptions: open,
			remedy: remedies.kubeletAccess,
		});
	}

	const unclear = worse(({authorizationMode}) => authorizationMode !== 'Webhook');
	if (unclear.length > 0) {
		return unknownRow('A kubelet’s configuration does not say how it authorizes requests', [needConfigz], {
			citations,
			scope: {of, proven: 0},
			exceptions: unclear,
		});
	}

	const anonymous = worse(facts => facts.anonymous);
	if (anonymous.length > 0) {
		return rowResult('warn', 'anonymous', basis, `A kubelet lets anonymous requests reach authorization${byWhom}`, {
			citations,
			scope,
			exceptions: anonymous,
			remedy: remedies.kubeletAccess,
		});
	}

	return rowResult(
		'pass',
		'protected',
		basis,
		`${observed.length} of ${of ?? '?'} kubelets: anonymous off, authorization by webhook, no read-only port${byWhom}`,
		{citations, scope},
	);
}

/** An unverified kubelet may be an impostor and report any configuration. */
function kubeletsAreVerified(audit: AuditObservations): boolean {
	const {verdict, basis} = kubeletCertificate(audit);
	return verdict === 'pass' && basis === 'proven';
}
