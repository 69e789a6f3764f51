/** Audit rows N1 to N3: nodes and pods to the apiserver. */
import {formatQuantity} from '../../base/text/formats.ts';
import type {Citation, FlagFacts, Observation} from '../evidence.ts';
import {resolveApiserverFlag} from '../rules/apiserver-flag.ts';
import type {AnonymousFacts} from '../probes/access.ts';
import {maxSigningRequests} from '../probes/node-to-apiserver.ts';
import {flagValue, flagsPerProcess, isVerifiedApiserver} from '../rules/replicas.ts';
import {needsOfEach, needApiserverItself, needFlagz, needNodeLeases, needRootCa, needSigningRequests, remedies} from '../rules/needs.ts';
import {authorsOfSource} from '../rules/claims.ts';
import {citeObserved, needsOf, resultsOf} from './row-result.ts';
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
	const {pass, warn, fail, unknown} = resultsOf({citations, exceptions: silent.map(name => `node ${name}: lease not renewed within 40 s`)});
	const seen = anonymous.observation?.facts.anonymous;
	const flags = flagsPerProcess(observations);
	if (flags.some(observation => allowsAll(observation))) {
		return fail('authorization-off', 'The apiserver allows every request: --authorization-mode has AlwaysAllow, or is not set', {
			basis: mode.known ? mode.basis : 'inferred',
			remedy: remedies.authorizationMode,
		});
	}

	if (seen === 'over-granted') {
		return fail('anonymous-granted', 'Requests without credentials can read the API', {basis: 'proven', remedy: remedies.anonymous});
	}

	const withTokens = flags.filter(observation => (flagValue(observation, 'token-auth-file') ?? '') !== '');
	if (withTokens.length > 0) {
		const isProven = isVerifiedApiserver(observations) && withTokens.some(({source}) => source === 'flagz');
		return warn('static-tokens', 'Static tokens are accepted (--token-auth-file): they never expire', {
			basis: isProven ? 'proven' : 'inferred',
			remedy: remedies.staticTokens,
		});
	}

	// A 403 for any user shows that authorization is on.
	const authorizationOn = mode.known || seen === 'all-paths' || examined.own.unavailable.some(({reason}) => reason === 'forbidden');
	if (!authorizationOn || !leases.observation) {
		return unknown(
			leases.observation ? 'It is unknown whether authorization is on' : 'It is unknown whether the kubelets are alive',
			needsOfEach(
				leases.observation ? [] : leases.unavailable?.need ? [leases.unavailable.need] : [needNodeLeases],
				authorizationOn ? [] : [{...needFlagz, or: null}, ...needsOf(anonymous)],
			),
		);
	}

	const scope = {of: nodes.observation?.facts.total ?? null, proven: 0};
	if (fresh.length === 0) {
		return fail('silent', 'No kubelet has renewed its lease within 40 s', {
			scope,
			remedy: 'check the kubelets on the nodes, and that they reach the apiserver: kubectl describe node NAME',
		});
	}

	const how = seen === undefined ? '' : `; anonymous requests: ${anonymousAccess[seen]}`;
	const sample = leases.observation.facts.more ? ` (${leases.observation.facts.more} more not examined)` : '';
	return silent.length > 0
		? warn(
				'partly-alive',
				`${fresh.length} of ${fresh.length + silent.length} kubelets have renewed their lease within 40 s${sample}${how}`,
				{scope},
			)
		: pass(
				'authenticated',
				`${formatQuantity(fresh.length, 'kubelet')} alive over HTTPS${sample}, authorization on${how}; whether kubelets verify the apiserver is set in files on the nodes`,
				{scope},
			);
}

const anonymousAccess: Readonly<Record<AnonymousFacts['anonymous'], string>> = {
	off: 'refused',
	'all-paths': 'accepted and authorized like others',
	conditional: 'some paths only',
	'over-granted': 'granted',
};

/** Without an authorization mode or configuration file, every request is allowed (kubeapiserver/options/authorization.go). */
function allowsAll(observation: Observation<FlagFacts>): boolean {
	const mode = flagValue(observation, 'authorization-mode')?.replaceAll(/[[\]\s]/g, '');
	return (
		mode?.split(',').includes('AlwaysAllow') === true || (mode === '' && (flagValue(observation, 'authorization-config') ?? '') === '')
	);
}

/** An examined node without a lease counts as silent. */
function leaseStates({leases, nodes}: AuditObservations): {fresh: readonly string[]; silent: readonly string[]} {
	const {fresh = [], stale = []} = leases.observation?.facts ?? {};
	const examined = leases.observation ? (nodes.observation?.facts.examined ?? []) : [];
	const without = examined.map(({metadata}) => metadata.name).filter(name => !fresh.includes(name) && !stale.includes(name));
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
		return resultsOf().unknown('Signing requests could not be read', [needSigningRequests]);
	}

	const {facts} = signingRequests.observation;
	const own = facts.filter(
		({signer}) => signer === 'kubernetes.io/kube-apiserver-client-kubelet' || signer === 'kubernetes.io/kubelet-serving',
	);
	const by = (state: string) => own.filter(request => request.state === state);
	const [denied, failed, pending] = [by('denied'), by('failed'), by('pending')];
	const observed = `${own.length} kubelet signing requests: ${by('approved').length} approved, ${pending.length} pending, ${denied.length} denied, ${failed.length} failed`;
	const {pass, warn, fail} = resultsOf({citations: citeObserved(audit, signingRequests, 'kubelet-signing-requests', () => observed)});
	const named = (requests: typeof own) => requests.map(({name, state, signer, user}) => `${name}: ${state}, ${signer} for ${user}`);
	if (denied.length + failed.length > 0) {
		return fail('denied', 'Signing requests of kubelets were denied or failed', {
			exceptions: named([...denied, ...failed]),
			remedy: 'kubectl describe csr NAME',
		});
	}

	if (pending.length > 0) {
		return warn('pending', `${formatQuantity(pending.length, 'signing request')} of kubelets wait for approval`, {
			exceptions: named(pending),
			remedy: 'check its node and names, then kubectl certificate approve NAME',
		});
	}

	if (own.length === 0) {
		return pass(
			'none-seen',
			'No signing requests of kubelets found (they are deleted within an hour of approval, and pending ones after a day)',
		);
	}

	return pass(
		'approved',
		facts.length < maxSigningRequests
			? `All ${own.length} kubelet signing requests are approved`
			: `The ${own.length} signing requests of kubelets that were examined are approved; there may be more`,
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
			facts.seen === 'not-seen' ? 'no kube-proxy pod in kube-system' : `${facts.seen}: ${facts.pods} pods`,
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
	const {pass, fail, unknown} = resultsOf({citations, need: needsOf(endpoints)});
	const count = endpoints.observation?.facts.addresses.length;
	if (count === 0) {
		return fail('no-endpoints', 'The service default/kubernetes has no endpoints: pods cannot reach the apiserver through it', {
			remedy: 'check --endpoint-reconciler-type and --advertise-address of the apiservers',
		});
	}

	const ofCa = unavailable.filter(({source}) => source === 'ca-comparison');
	if (ofCa.some(({reason}) => reason === 'not-served')) {
		return fail('no-root-certificate', `The namespace ${namespace} has no kube-root-ca.crt: its pods have no root certificate`, {
			remedy: 'kube-controller-manager --root-ca-file=FILE',
		});
	}

	if (!ca) {
		return unknown('The root certificate of pods could not be read', [ofCa.find(({need}) => need)?.need ?? needRootCa]);
	}

	if (serverIdentity.to === 'gateway') {
		return unknown(`Pods and you are served by different servers: ${serverIdentity.why}`, [needApiserverItself]);
	}

	if (serverIdentity.to === 'unknown' && !serverIdentity.hasApiserverCertificate) {
		return unknown(`It is unknown whether the root certificate of pods matches the server: ${serverIdentity.why}`, [
			serverIdentity.need ?? needApiserverItself,
		]);
	}

	const connected = count === undefined ? '' : `, ${formatQuantity(count, 'endpoint')} (not connected to)`;
	return pass('ca-equal', `Pods get the CA of the server certificate${connected}`);
}
