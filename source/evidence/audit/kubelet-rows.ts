/** C4 and C5: the kubelet's certificate, and who may use the kubelet. */
import type {Basis, FlagFacts, Observation} from '../evidence.ts';
import {flagValue} from '../rules/flag-value.ts';
import {areAllReplicasRead, flagsPerProcess, knownReplicaCount} from '../rules/replicas.ts';
import {kubeletTls} from '../rules/kubelet-tls.ts';
import {needApiserverHost, needConfigz, needFlagz, needMirrorPods} from '../rules/needs.ts';
import {remedies} from '../rules/remedies.ts';
import {isVerifiedApiserver} from '../rules/same-process.ts';
import {cite, weakestBasis} from '../rules/basis.ts';
import {scopeAcrossReplicas, needOfAll, scopeOf} from './replica-scope.ts';
import type {RowResult} from './audit-object.ts';
import {citeObserved, rowResult, unknownRow, unmetNeeds} from './row-result.ts';
import type {AuditObservations} from './gather-observations.ts';

const flag = 'kubelet-certificate-authority';

/** C4: off on one apiserver is off for whoever meets that one; on needs all of them. */
export function kubeletCertificate(audit: AuditObservations): RowResult {
	const grounds = audit.grounds('exec');
	const readings = flagsPerProcess(grounds).filter(reading => flagValue(reading, flag) !== undefined);
	const of = knownReplicaCount(grounds);
	const name = (reading: Observation<FlagFacts>) => `apiserver ${reading.process ?? reading.where}`;
	const off = readings.filter(reading => flagValue(reading, flag) === '');
	const because = readings.map(reading =>
		cite(
			reading,
			flagValue(reading, flag) === '' ? 'kubelet-ca-empty' : 'kubelet-ca-set',
			`${flag}=${JSON.stringify(flagValue(reading, flag))}`,
		),
	);
	const sure: Basis = isVerifiedApiserver(grounds) ? 'proven' : 'inferred';
	if (off.length > 0) {
		return rowResult(
			'fail',
			'unverified',
			sure,
			off.length === readings.length
				? 'The apiserver accepts any certificate from a kubelet: open to a man in the middle on an untrusted network'
				: `${off.length} of ${readings.length} apiservers that were read accept any certificate from a kubelet`,
			{
				because,
				scope: {of, proven: sure === 'proven' ? off.length : 0},
				exceptions:
					off.length === readings.length
						? []
						: readings.filter(reading => !off.includes(reading)).map(reading => `${name(reading)}: verified`),
				remedy: remedies.kubeletCa,
			},
		);
	}

	if (readings.length === 0) {
		const tls = kubeletTls(grounds);
		const across = scopeAcrossReplicas(grounds, audit.each('exec'), []);
		return tls.state === 'refused'
			? rowResult('pass', 'verified', weakestBasis(tls.basis, across.basis), 'Verification is on: a kubelet’s certificate was refused', {
					because: tls.because,
					scope: {of, proven: 0},
					need: across.need,
					remedy: remedies.kubeletServing,
				})
			: unknownRow('Whether kubelets are verified is not known', unmetNeeds([needFlagz, needMirrorPods], audit, needApiserverHost), {
					because: tls.because,
					scope: {of, proven: 0},
				});
	}

	const all = areAllReplicasRead(grounds, readings);
	const some =
		readings.length === 1 ? 'The apiserver that could be read verifies' : `The ${readings.length} apiservers that could be read verify`;
	const who = all ? 'Every apiserver verifies' : some;
	const isRefused = kubeletTls(grounds).state === 'refused';
	return rowResult(
		'pass',
		'verified',
		all ? sure : 'inferred',
		`${who} kubelets’ certificates${isRefused ? ', and refuses: a kubelet that is refused is sent nothing' : ''}`,
		{
			...(isRefused && {remedy: remedies.kubeletServing}),
			because,
			scope: scopeOf(of, sure === 'proven' ? readings.length : 0, all),
			need: all ? [] : [needOfAll(grounds, of, true)],
		},
	);
}

/** C5: only a kubelet's merged configuration tells (its /flagz does not: it shows defaults that a file has replaced). */
export function kubeletAccess(audit: AuditObservations): RowResult {
	const read = audit.kubelets.flatMap(({read}) => (read ? [read] : []));
	const of = audit.nodes.read?.facts.total ?? null;
	const because = audit.kubelets.flatMap(outcome =>
		citeObserved(
			outcome,
			'kubelet-configuration',
			facts =>
				`${facts.node}: anonymous ${facts.anonymous ? 'on' : 'off'}, webhook ${facts.webhook ? 'on' : 'off'}, client CA ${facts.clientCa ? 'set' : 'not set'}, authorization ${facts.authorizationMode || 'unknown'}, read-only port ${facts.readOnlyPort === 0 ? 'off' : facts.readOnlyPort}`,
		),
	);
	if (read.length === 0) {
		return audit.kubelets.some(({closed}) => closed?.because === 'no-answer')
			? unknownRow(
					'Kubelets did not answer when their configuration was asked for through the apiserver',
					[{permission: null, check: null, or: 'a second leg that works: spoke doctor node/NAME'}],
					{scope: {of, proven: 0}},
				)
			: unknownRow('Kubelets’ configuration may not be read', [needConfigz], {scope: {of, proven: 0}});
	}

	const worse = (test: (facts: (typeof read)[number]['facts']) => boolean) =>
		read.filter(({facts}) => test(facts)).map(({facts}) => `node ${facts.node}`);
	const open = worse(({authorizationMode, readOnlyPort}) => authorizationMode === 'AlwaysAllow' || readOnlyPort !== 0);
	const isVerified = kubeletsAreVerified(audit);
	const basis = isVerified ? 'proven' : 'inferred';
	const scope = {of, proven: isVerified ? read.length : 0};
	const byWhom = isVerified ? '' : '; by the word of kubelets that are not surely verified';
	if (open.length > 0) {
		return rowResult('fail', 'open', basis, `A kubelet lets requests in without asking who they are${byWhom}`, {
			because,
			scope,
			exceptions: open,
			remedy: remedies.kubeletAccess,
		});
	}

	const unclear = worse(({authorizationMode}) => authorizationMode !== 'Webhook');
	if (unclear.length > 0) {
		return unknownRow('A kubelet’s configuration does not say how it authorizes requests', [needConfigz], {
			because,
			scope: {of, proven: 0},
			exceptions: unclear,
		});
	}

	const anonymous = worse(facts => facts.anonymous);
	if (anonymous.length > 0) {
		return rowResult('warn', 'anonymous', basis, `A kubelet lets anonymous requests reach authorization${byWhom}`, {
			because,
			scope,
			exceptions: anonymous,
			remedy: remedies.kubeletAccess,
		});
	}

	return rowResult(
		'pass',
		'protected',
		of !== null && read.length >= of ? basis : 'inferred',
		`${read.length} of ${of ?? '?'} kubelets: anonymous off, authorization by webhook, no read-only port${byWhom}`,
		{because, scope},
	);
}

/** Whoever stands in the place of a kubelet that is not verified says what it likes of its configuration. */
function kubeletsAreVerified(audit: AuditObservations): boolean {
	const {verdict, basis} = kubeletCertificate(audit);
	return verdict === 'pass' && basis === 'proven';
}
