/** Could a proxy of the apiserver's own environment stand in leg 2, and was that environment seen? */
import type {Basis, Citation, ConnectionPurpose, Grounds} from '../evidence.ts';
import {allRead} from './apiserver-flag.ts';
import {cite, frontIsSure} from './strength.ts';

/**
Plain round trips (logs, and the proxies where they are no upgrade) honour HTTP(S)_PROXY and NO_PROXY; upgrades are dialled without them.
@see https://github.com/kubernetes/kubernetes/blob/v1.36.3/staging/src/k8s.io/apimachinery/pkg/util/proxy/dial.go DialURL
*/
export function honoursEnvironmentProxy({feature}: ConnectionPurpose): boolean {
	return feature === 'logs' || feature === 'node-proxy' || feature === 'pod-proxy' || feature === 'service-proxy';
}

/** The environment of every apiserver by its mirror pod: none has a proxy (with the basis), one has (`false`), not seen (`undefined`). */
export function environmentProxyIsExcluded(grounds: Grounds): {basis: Basis; citation: Citation} | false | undefined {
	const seen = grounds.mirrorPods.filter(({facts}) => facts.proxyEnvironment !== null);
	if (seen.some(({facts}) => facts.proxyEnvironment)) {
		return false;
	}

	const [first] = seen;
	if (!first || seen.length !== grounds.mirrorPods.length) {
		return undefined;
	}

	return {
		basis: allRead(grounds, seen) && frontIsSure(grounds) ? 'proven' : 'inferred',
		citation: cite(first, 'no-proxy-in-environment', 'no HTTP_PROXY or HTTPS_PROXY in the environment of the apiserver’s pod'),
	};
}
