/** Audit rows C4 and C5: kubelet certificate and access. */
import type {Basis, FlagFacts, Observation} from '../evidence.ts';
import {citeFlag} from '../rules/apiserver-flag.ts';
import {flagValue} from '../rules/flag-value.ts';
import {areAllReplicasRead, flagsPerProcess, hasReliableFlags, knownReplicaCount} from '../rules/replicas.ts';
import {kubeletCaRule, kubeletTls} from '../rules/kubelet-tls.ts';
import {needApiserverHost, needConfigz, needFlagz, needMirrorPods} from '../rules/needs.ts';
import {remedies} from '../rules/remedies.ts';
import {isVerifiedApiserver} from '../rules/same-process.ts';
import {weakestBasis} from '../rules/basis.ts';
import {scopeAcrossReplicas, needOfAll, scopeOf} from './replica-scope.ts';
import type {RowResult} from './audit-object.ts';
import {citeObserved, rowResult, unknownRow, unmetNeeds, usually} from './row-result.ts';
import type {AuditObservations} from './gather-observations.ts';

const flag = 'kubelet-certificate-authority';

/** C4: fails if one apiserver does not verify; passes only if all do. */
export function kubeletCertificate(audit: AuditObservations): RowResult {
	const observations = audit.observations('exec');
	const flagObservations = flagsPerProcess(observations).filter(observation => flagValue(observation, flag) !== undefined);
	const of = knownReplicaCount(observations);
	const name = (observation: Observation<FlagFacts>) => `apiserver ${observation.process ?? observation.where}`;
	const off = flagObservations.filter(observation => flagValue(observation, flag) === '');
	const citations = flagObservations.map(observation => citeFlag(observation, flag, kubeletCaRule));
	const counted = off.length > 0 ? off : flagObservations;
	const basis: Basis = isVerifiedApiserver(observations) && counted.some(one => hasReliableFlags(one)) ? 'proven' : 'inferred';
	if (off.length > 0) {
		return rowResult(
			'fail',
			'unverified',
			basis,
			off.length === flagObservations.length
				? 'The apiserver accepts any certificate from a kubelet: open to a man in the middle on an untrusted network'
				: `${off.length} of ${flagObservations.length} examined apiservers accept any certificate from a kubelet`,
			{
				citations,
				scope: {of, proven: basis === 'proven' ? off.filter(one => hasReliableFlags(one)).length : 0},
				exceptions:
					off.length === flagObservations.length
						? []
						: flagObservations.filter(observation => !off.includes(observation)).map(observation => `${name(observation)}: enforced`),
				remedy: remedies.kubeletCa,
			},
		);
	}

	if (flagObservations.length === 0) {
		const tls = kubeletTls(observations);
		const across = scopeAcrossReplicas(observations, audit.perReplica('exec'), []);
		const message =
			tls.basis === 'proven'
				? 'Verification is on: a kubelet’s certificate was refused'
				: 'A certificate was refused: verification is on, unless it is an egress proxy’s';
		return tls.state === 'refused'
			? rowResult('pass', 'enforced', weakestBasis(tls.basis, across.basis), message, {
					citations: tls.citations,
					scope: {of, proven: 0},
					need: across.need,
					remedy: remedies.kubeletServing,
				})
			: unknownRow(
					`It is unknown whether kubelets are verified${usually(audit, 'kubelets')}`,
					unmetNeeds([needFlagz, needMirrorPods], audit, needApiserverHost),
					{
						citations: tls.citations,
						scope: {of, proven: 0},
					},
				);
	}

	const areAllRead = areAllReplicasRead(observations, flagObservations);
	const some =
		flagObservations.length === 1 ? 'The examined apiserver verifies' : `The ${flagObservations.length} examined apiservers verify`;
	const who = areAllRead ? 'Every apiserver verifies' : some;
	const refusal = describeRefusal(audit, ', and nothing is sent to that kubelet');
	return rowResult('pass', 'enforced', areAllRead ? basis : 'inferred', `${who} kubelets’ certificates${refusal}`, {
		...(refusal !== '' && {remedy: remedies.kubeletServing}),
		citations,
		scope: scopeOf(of, basis === 'proven' ? flagObservations.filter(one => hasReliableFlags(one)).length : 0, areAllRead),
		need: areAllRead ? [] : [needOfAll(observations, of, true)],
	});
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
					[
						{
							permission: null,
							check: null,
							or: 'a kubelet that responds through the apiserver: spoke doctor node/NAME shows why it does not',
						},
					],
					{scope: {of, proven: 0}},
				)
			: unknownRow('The configuration of kubelets could not be read', [needConfigz], {scope: {of, proven: 0}});
	}

	const worse = (test: (facts: (typeof observed)[number]['facts']) => boolean) =>
		observed.filter(({facts}) => test(facts)).map(({facts}) => `node ${facts.node}`);
	const open = worse(({authorizationMode, readOnlyPort}) => authorizationMode === 'AlwaysAllow' || readOnlyPort !== 0);
	const isVerified = kubeletsAreVerified(audit);
	const basis = isVerified ? 'proven' : 'inferred';
	const scope = {of, proven: isVerified ? observed.length : 0};
	const byWhom = isVerified ? '' : '; as reported by kubelets whose verification is not proven';
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
		of !== null && observed.length >= of ? basis : 'inferred',
		`${observed.length} of ${of ?? '?'} kubelets: anonymous off, authorization by webhook, no read-only port${byWhom}`,
		{citations, scope},
	);
}

/** An unverified kubelet may be an impostor and report any configuration. */
function kubeletsAreVerified(audit: AuditObservations): boolean {
	const {verdict, basis} = kubeletCertificate(audit);
	return verdict === 'pass' && basis === 'proven';
}
