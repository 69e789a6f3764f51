/** Audit rows N1 to N3: nodes and pods to the apiserver. */
import {formatQuantity} from '../../text/formats.ts';
import type {Citation, FlagFacts, Observation} from '../evidence.ts';
import {resolveApiserverFlag} from '../rules/apiserver-flag.ts';
import {maxSigningRequests} from '../probes/node-to-apiserver.ts';
import {flagValue, flagsPerProcess, isVerifiedApiserver} from '../rules/replicas.ts';
import {needsOfEach, needApiserverItself, needFlagz, needNodeLeases, needRootCa, needSigningRequests, remedies} from '../rules/needs.ts';
import {authorsOfSource} from '../rules/claims.ts';
import {citeObserved, rowResult, needsOf, unknownRow} from './row-result.ts';
import type {AuditObservations} from './gather-observations.ts';
import type {RowResult} from './audit-object.ts';

/** N1: only a file on its node shows whether a kubelet verifies the apiserver. */
export function kubeletToApiserver(audit: AuditObservations): RowResult {
	const {anonymous, leases, examined, nodes} = audit;
	const observations = audit.observations('exec');
	const mode = resolveApiserverFlag(observations, 'authorization-mode');
	const citations: Citation[] = [
		...(mode.known ? mode.citations : []),
		...authenticationForms(audit),
		...citeObserved(audit, anonymous, 'anonymous-three-way', ({observed}) => observed),
		...citeObserved(
			audit,
			leases,
			'node-leases',
			({fresh, stale}) => `${fresh.length} of ${fresh.length + stale.length} node leases renewed within 40 s`,
		),
	];
	const {fresh, silent} = leaseStates(audit);
	const base = {citations, exceptions: silent.map(name => `node ${name}: lease not renewed within 40 s`)};
	if (flagsPerProcess(observations).some(observation => allowsAll(observation))) {
		return rowResult(
			'fail',
			'authorization-off',
			mode.known ? mode.basis : 'inferred',
			'The apiserver allows every request: --authorization-mode has AlwaysAllow, or is not set',
			{...base, remedy: remedies.authorizationMode},
		);
	}

	if (anonymous.observation?.facts.anonymous === 'over-granted') {
		return rowResult('fail', 'anonymous-granted', 'proven', 'Requests without credentials can read the API', {
			...base,
			remedy: remedies.anonymous,
		});
	}

	const withTokens = flagsPerProcess(observations).filter(observation => (flagValue(observation, 'token-auth-file') ?? '') !== '');
	if (withTokens.length > 0) {
		const isProven = isVerifiedApiserver(observations) && withTokens.some(({source}) => source === 'flagz');
		return rowResult(
			'warn',
			'static-tokens',
			isProven ? 'proven' : 'inferred',
			'Static tokens are accepted (--token-auth-file): they never expire',
			{
				...base,
				remedy: remedies.staticTokens,
			},
		);
	}

	// A 403 for any user shows that authorization is on.
	const authorizationOn =
		mode.known ||
		anonymous.observation?.facts.anonymous === 'all-paths' ||
		examined.own.unavailable.some(({reason}) => reason === 'forbidden');
	if (!authorizationOn || !leases.observation) {
		return unknownRow(
			leases.observation ? 'It is unknown whether authorization is on' : 'It is unknown whether the kubelets are alive',
			needsOfEach(
				leases.observation ? [] : leases.unavailable?.need ? [leases.unavailable.need] : [needNodeLeases],
				authorizationOn ? [] : [{...needFlagz, or: null}, ...needsOf(anonymous)],
			),
			base,
		);
	}

	const of = nodes.observation?.facts.total ?? null;
	if (fresh.length === 0) {
		return rowResult('fail', 'silent', 'inferred', 'No kubelet has renewed its lease within 40 s', {
			...base,
			scope: {of, proven: 0},
			remedy: 'check the kubelets on the nodes, and that they reach the apiserver: kubectl describe node NAME',
		});
	}

	const how = anonymous.observation
		? `; anonymous requests: ${{off: 'refused', 'all-paths': 'accepted and authorized like others', conditional: 'some paths only', 'over-granted': 'granted'}[anonymous.observation.facts.anonymous]}`
		: '';
	const sample = leases.observation.facts.more ? ` (${leases.observation.facts.more} more not examined)` : '';
	const alive = {...base, scope: {of, proven: 0}};
	return silent.length > 0
		? rowResult(
				'warn',
				'partly-alive',
				'inferred',
				`${fresh.length} of ${fresh.length + silent.length} kubelets have renewed their lease within 40 s${sample}${how}`,
				alive,
			)
		: rowResult(
				'pass',
				'authenticated',
				'inferred',
				`${formatQuantity(fresh.length, 'kubelet')} alive over HTTPS${sample}, authorization on${how}; whether kubelets verify the apiserver is set in files on the nodes`,
				alive,
			);
}

/** Without an authorization mode or configuration file, every request is allowed (kubeapiserver/options/authorization.go). */
function allowsAll(observation: Observation<FlagFacts>): boolean {
	const mode = flagValue(observation, 'authorization-mode')?.replaceAll(/[[\]\s]/g, '');
	return (
		mode?.split(',').includes('AlwaysAllow') === true || (mode === '' && (flagValue(observation, 'authorization-config') ?? '') === '')
	);
}

/** An examined node without a lease counts as silent. */
function leaseStates({leases, nodes}: AuditObservations): {fresh: readonly string[]; silent: readonly string[]} {
	const {fresh, stale} = leases.observation?.facts ?? {fresh: [], stale: []};
	const without = leases.observation
		? (nodes.observation?.facts.examined ?? [])
				.map(({metadata}) => metadata.name)
				.filter(name => !fresh.includes(name) && !stale.includes(name))
		: [];
	return {fresh, silent: [...stale, ...without]};
}

function authenticationForms(audit: AuditObservations): Citation[] {
	const observations = audit.observations('exec');
	return [
		'client-ca-file',
		'oidc-issuer-url',
		'authentication-config',
		'token-auth-file',
		'service-account-issuer',
		'anonymous-auth',
	].flatMap(name => {
		const flag = resolveApiserverFlag(observations, name, () => 'authentication-forms');
		return flag.known && flag.value !== '' ? flag.citations : [];
	});
}

/** N2: whoever may write signing requests could have made them up. */
export function nodeProvisioning(audit: AuditObservations): RowResult {
	const {signingRequests} = audit;
	if (!signingRequests.observation) {
		return unknownRow('Signing requests could not be read', [needSigningRequests]);
	}

	const own = signingRequests.observation.facts.filter(
		({signer}) => signer === 'kubernetes.io/kube-apiserver-client-kubelet' || signer === 'kubernetes.io/kubelet-serving',
	);
	const by = (state: string) => own.filter(request => request.state === state);
	const citations = citeObserved(
		audit,
		signingRequests,
		'kubelet-signing-requests',
		() =>
			`${own.length} kubelet signing requests: ${by('approved').length} approved, ${by('pending').length} pending, ${by('denied').length} denied, ${by('failed').length} failed`,
	);
	const named = (state: string) => by(state).map(({name, signer, user}) => `${name}: ${state}, ${signer} for ${user}`);
	if (by('denied').length + by('failed').length > 0) {
		return rowResult('fail', 'denied', 'inferred', 'Signing requests of kubelets were denied or failed', {
			citations,
			exceptions: [...named('denied'), ...named('failed')],
			remedy: 'kubectl describe csr NAME',
		});
	}

	if (by('pending').length > 0) {
		return rowResult(
			'warn',
			'pending',
			'inferred',
			`${formatQuantity(by('pending').length, 'signing request')} of kubelets wait for approval`,
			{citations, exceptions: named('pending'), remedy: 'check its node and names, then kubectl certificate approve NAME'},
		);
	}

	if (own.length === 0) {
		return rowResult(
			'pass',
			'none-seen',
			'inferred',
			'No signing requests of kubelets found (they are deleted within an hour of approval, and pending ones after a day)',
			{citations},
		);
	}

	return signingRequests.observation.facts.length < maxSigningRequests
		? rowResult('pass', 'approved', 'inferred', `All ${own.length} kubelet signing requests are approved`, {citations})
		: rowResult(
				'pass',
				'approved',
				'inferred',
				`The ${own.length} signing requests of kubelets that were examined are approved; there may be more`,
				{citations},
			);
}

/** N3: all of it is in objects. */
export function podToApiserver(audit: AuditObservations): RowResult {
	const {examined, tokens, endpoints, kubeProxy, namespace, observations} = audit;
	const {serverIdentity, socket} = observations('exec');
	const {ca, unavailable} = examined.shared;
	const citations: Citation[] = [
		...citeObserved(
			audit,
			tokens,
			'projected-tokens',
			facts =>
				`${facts.pods} pods of ${namespace}: ${facts.withToken} with a token, ${facts.withCa} with the root certificate, ${facts.optedOut} opted out`,
		),
		...citeObserved(audit, endpoints, 'kubernetes-endpoints', facts => `default/kubernetes: ${facts.addresses.join(' ') || 'no endpoint'}`),
		...citeObserved(audit, kubeProxy, 'kube-proxy', facts =>
			facts.seen === 'not-seen' ? 'no kube-proxy pod in kube-system' : `${facts.seen}: ${facts.pods.length} pods`,
		),
		...(ca && socket
			? [
					{
						source: 'ca-comparison' as const,
						rule: 'root-ca-compared',
						observed: serverIdentity.why,
						authors: authorsOfSource['ca-comparison'],
						where: `configmap ${namespace}/kube-root-ca.crt and the socket to the server`,
						process: null,
						time: socket.time,
						active: false,
					},
				]
			: []),
	];
	const base = {citations, need: needsOf(endpoints)};
	if (endpoints.observation?.facts.addresses.length === 0) {
		return rowResult(
			'fail',
			'no-endpoints',
			'inferred',
			'The service default/kubernetes has no endpoints: pods cannot reach the apiserver through it',
			{...base, remedy: 'check --endpoint-reconciler-type and --advertise-address of the apiservers'},
		);
	}

	if (unavailable.some(({source, reason}) => source === 'ca-comparison' && reason === 'not-served')) {
		return rowResult(
			'fail',
			'no-root-certificate',
			'inferred',
			`The namespace ${namespace} has no kube-root-ca.crt: its pods have no root certificate`,
			{...base, remedy: 'kube-controller-manager --root-ca-file=FILE'},
		);
	}

	if (!ca) {
		return unknownRow(
			'The root certificate of pods could not be read',
			[unavailable.find(({source, need}) => source === 'ca-comparison' && need)?.need ?? needRootCa],
			base,
		);
	}

	if (serverIdentity.to === 'gateway') {
		return unknownRow(`Pods and you are served by different servers: ${serverIdentity.why}`, [needApiserverItself], base);
	}

	if (serverIdentity.to === 'unknown' && !serverIdentity.hasApiserverCertificate) {
		return unknownRow(
			`It is unknown whether the root certificate of pods matches the server: ${serverIdentity.why}`,
			[serverIdentity.need ?? needApiserverItself],
			base,
		);
	}

	const count = endpoints.observation
		? `, ${formatQuantity(endpoints.observation.facts.addresses.length, 'endpoint')} (not connected to)`
		: '';
	return rowResult('pass', 'ca-equal', 'inferred', `Pods get the CA of the server certificate${count}`, base);
}
