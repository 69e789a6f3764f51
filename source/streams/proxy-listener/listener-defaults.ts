/** On which terms a listener runs when nothing else is asked: what it answers to, what it refuses, and who can use it. */
import {isLoopback} from '../../cluster/transport/loopback.ts';
import type {ListenEndpoint} from './listen-endpoint.ts';
import type {FilterOptions} from './request-filter.ts';

/** As `kubectl proxy`. */
export const defaultPort = 8001;

/** `kubectl proxy`'s lists. What runs commands, and what a page of another origin sends, is refused whatever they say. */
export const defaultFilter = {
	acceptHosts: String.raw`^localhost$,^127\.0\.0\.1$,^\[::1\]$`,
	acceptPaths: '^.*',
	rejectPaths: '^/api/.*/pods/.*/exec,^/api/.*/pods/.*/attach',
	rejectMethods: '^$',
} as const satisfies FilterOptions;

/** Who can use what listens there, besides the person. */
export function describeListenerUsers(place: ListenEndpoint): string {
	if ('unixSocket' in place) {
		return 'only you can use it (mode 0600)';
	}

	return isLoopback(place.address)
		? 'every user of this host can use it'
		: 'everyone who reaches this address can use it, from the network too';
}
