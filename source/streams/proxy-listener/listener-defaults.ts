/** Defaults of the proxy listener, and who can use it. */
import {isLoopback} from '../../cluster/transport/loopback.ts';
import type {ListenEndpoint} from './listen-endpoint.ts';
import type {FilterOptions} from './request-filter.ts';

/** As `kubectl proxy`. */
export const defaultPort = 8001;

/** As `kubectl proxy`. Commands and pages of other origins are always refused. */
export const defaultFilter = {
	acceptHosts: String.raw`^localhost$,^127\.0\.0\.1$,^\[::1\]$`,
	acceptPaths: '^.*',
	rejectPaths: '^/api/.*/pods/.*/exec,^/api/.*/pods/.*/attach',
	rejectMethods: '^$',
} as const satisfies FilterOptions;

/** Who can use the listener besides the user. */
export function describeListenerUsers(endpoint: ListenEndpoint): string {
	if ('unixSocket' in endpoint) {
		return 'only you can use it (mode 0600)';
	}

	return isLoopback(endpoint.address)
		? 'every user of this host can use it'
		: 'anyone who can reach this address can use it, also from the network';
}
