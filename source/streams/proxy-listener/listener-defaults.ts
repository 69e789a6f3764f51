/** Defaults of the local API proxy. */
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
