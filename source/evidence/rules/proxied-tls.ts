/** Leg 2 of a proxied request, from the URL alone. */
import type {Observations, RuleVerdict, TlsState} from '../evidence.ts';
import {isVerifiedApiserver} from './same-process.ts';
import {citeConstruction} from './basis.ts';

/**
The apiserver proxy never verifies and sends no client certificate. The scheme before the name decides; `http` is the default. No flag
can change it.
@see https://github.com/kubernetes/kubernetes/blob/v1.36.3/pkg/controlplane/apiserver/config.go CreateProxyTransport
*/
export function proxiedTls(observations: Observations): RuleVerdict<TlsState> {
	const {request, target} = observations.purpose;
	const scheme = request?.scheme ?? 'http';
	const where =
		target.chosenFrom === 0
			? `${scheme}: before the name`
			: `${scheme}: to ${target.kind.toLowerCase()} ${target.name}${request?.port ? `:${request.port}` : ''}`;
	return {
		state: scheme === 'https' ? 'unverified' : 'plain',
		basis: isVerifiedApiserver(observations) ? 'proven' : 'inferred',
		citations: [citeConstruction(observations, scheme === 'https' ? 'proxy-https-never-verifies' : 'proxy-http-is-plain', where)],
		need: [],
	};
}
