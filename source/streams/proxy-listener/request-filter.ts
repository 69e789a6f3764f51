/** A request filter at least as strict as `kubectl proxy`. */
import {SpokeError} from '../../base/errors/spoke-error.ts';
import {hasDotSegments, normalizedPaths, runsCommands} from '../proxy/request-path.ts';

export type FilterOptions = {
	/** Comma-separated regular expressions. */
	acceptPaths: string;
	rejectPaths: string;
	acceptHosts: string;
	rejectMethods: string;
};

type FilteredRequest = {
	method: string;
	/** As received, with its query, after the API prefix. */
	path: string;
	hosts: readonly string[];
	origins: readonly string[];
	/** `Sec-Fetch-Site`. */
	fetchSites: readonly string[];
};

export type RequestFilter = (request: FilteredRequest) => {status: 400 | 403; reason: string} | null;

/** A pattern with two `.*` takes quadratic time per spelling, which must not block the process. */
const maxPathLength = 8192;
const maxNormalizedPaths = 6;

/** `serverPath` is empty for `--append-server-path`. */
type FilterContext = {allowsCommands: boolean; serverPath: string};

/** As `kubectl proxy`. */
export const defaultPort = 8001;

/** As `kubectl proxy`. Commands and pages of other origins are always refused. */
export const defaultFilter = {
	acceptHosts: String.raw`^localhost$,^127\.0\.0\.1$,^\[::1\]$`,
	acceptPaths: '^.*',
	rejectPaths: '^/api/.*/pods/.*/exec,^/api/.*/pods/.*/attach',
	rejectMethods: '^$',
} as const satisfies FilterOptions;

/**
`null` accepts. Refuses all requests of other origins, because a simple POST and a WebSocket need no CORS preflight. Without `options`,
refuses only commands.
@throws SpokeError ERR_USAGE for an invalid regular expression
@see k8s.io/kubectl pkg/proxy/proxy_server.go FilterServer
*/
export function createRequestFilter(options: FilterOptions | null, context: FilterContext): RequestFilter {
	const commandRefusal = (path: string) =>
		context.allowsCommands
			? null
			: commandPathRefusal(path.startsWith(`${context.serverPath}/`) ? path.slice(context.serverPath.length) : path);
	if (options === null) {
		return ({path}) => commandRefusal(path);
	}

	const acceptPaths = parsePatterns('--accept-paths', options.acceptPaths);
	const rejectPaths = parsePatterns('--reject-paths', options.rejectPaths);
	const acceptHosts = parsePatterns('--accept-hosts', options.acceptHosts);
	const rejectMethods = parsePatterns('--reject-methods', options.rejectMethods);
	const matches = (text: string, list: readonly RegExp[]) => list.some(pattern => pattern.test(text));
	return ({method, path, hosts, origins, fetchSites}) => {
		const [host] = hosts;
		if (hosts.length !== 1 || host === undefined || origins.length > 1) {
			return {status: 400, reason: 'the request needs exactly one Host and at most one Origin'};
		}

		if (!matches(hostName(host), acceptHosts)) {
			return refusal(`Host ${host} is not accepted`);
		}

		if (origins.some(origin => !isSameOrigin(origin, host)) || fetchSites.some(site => site !== 'same-origin' && site !== 'none')) {
			return refusal('the request comes from a page of another origin');
		}

		if (matches(method, rejectMethods)) {
			return refusal(`method ${method} is refused`);
		}

		const commandReason = commandRefusal(path);
		if (commandReason) {
			return commandReason;
		}

		const kubectlPath = decodeOnce(path);
		const variants = new Set([kubectlPath, ...normalizedPaths(path)]);
		if (variants.size > maxNormalizedPaths || kubectlPath.length > maxPathLength) {
			return refusal('the path is too long, or percent-encoded too many times');
		}

		return variants.values().some(variant => matches(variant, rejectPaths)) || !matches(kubectlPath, acceptPaths)
			? refusal('the path is refused')
			: null;
	};
}

function refusal(reason: string) {
	return {status: 403, reason} as const;
}

/** Dot segments could hide a command. */
function commandPathRefusal(path: string) {
	if (hasDotSegments(path)) {
		return refusal('the path has dot segments');
	}

	return runsCommands(path) ? refusal('running commands is refused here: use spoke exec, attach or port-forward') : null;
}

function parsePatterns(flag: string, text: string): RegExp[] {
	return text === ''
		? []
		: text.split(',').map(pattern => {
				try {
					return new RegExp(pattern);
				} catch (error) {
					throw new SpokeError('ERR_USAGE', `invalid argument for ${flag}: ${(error as Error).message}`, {cause: error});
				}
			});
}

/** `[::1]:8001` is `[::1]`, as in kubectl's pattern. */
function hostName(host: string): string {
	return host.replace(/:\d*$/, '').toLowerCase();
}

function isSameOrigin(origin: string, host: string): boolean {
	return origin.toLowerCase() === `http://${host.toLowerCase()}`;
}

/** Go's URL.Path, which kubectl's filter uses; decodes invalid UTF-8 too. */
export function decodeOnce(path: string): string {
	return path.split('?', 1)[0]!.replaceAll(/(?:%[\da-f]{2})+/gi, codes => Buffer.from(codes.replaceAll('%', ''), 'hex').toString('utf8'));
}
