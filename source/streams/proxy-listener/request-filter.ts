/** Accepts requests by method, path, Host and Origin, at least as strictly as `kubectl proxy`. */
import {SpokeError} from '../../errors/spoke-error.ts';
import {runsCommands, normalizedPaths} from '../proxy/command-path.ts';

export type FilterOptions = {
	/** Each is a list of regular expressions, divided by commas. */
	acceptPaths: string;
	rejectPaths: string;
	acceptHosts: string;
	rejectMethods: string;
};

export type FilteredRequest = {
	method: string;
	/** As it came, with its query, behind the API prefix. */
	path: string;
	/** Every value of these headers, in order. */
	hosts: readonly string[];
	origins: readonly string[];
	/** `Sec-Fetch-Site`, by which a browser tells that a page of another site asks. */
	fetchSites: readonly string[];
};

export type RequestFilter = (request: FilteredRequest) => {status: 400 | 403; reason: string} | null;

/** A pattern with two `.*` takes the square of a path's length, for each spelling: nobody may hold this process up by that. */
const maxPathLength = 8192;
const maxNormalizedPaths = 6;

/** `--allow-commands`: running commands passes too. `--append-server-path`: `serverPath` is empty. */
export type FilterContext = {allowsCommands: boolean; serverPath: string};

/**
`null` accepts. A page of another origin is refused whatever it sends: a simple POST and a WebSocket need no consent of ours.
Without `options` (`--disable-filter`) only what runs commands is refused.
@throws SpokeError ERR_USAGE for what is no regular expression
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

/** Dot segments could hide a command from the check; a path without them is what its spelling says. */
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

/** `[::1]:8001` is `[::1]`, as its regular expression has it. */
function hostName(host: string): string {
	return host.replace(/:\d*$/, '').toLowerCase();
}

function isSameOrigin(origin: string, host: string): boolean {
	return origin.toLowerCase() === `http://${host.toLowerCase()}`;
}

function hasDotSegments(path: string): boolean {
	return path
		.split('?', 1)[0]!
		.replaceAll(/%(?:25)*2e/gi, '.')
		.replaceAll(/%(?:25)*(?:2f|5c)|\\/gi, '/')
		.split('/')
		.some(segment => segment === '.' || segment === '..');
}

/** What Go calls URL.Path, which kubectl's filter sees: its codes are undone also where they come to no text. */
function decodeOnce(path: string): string {
	return path.split('?', 1)[0]!.replaceAll(/(?:%[\da-f]{2})+/gi, codes => Buffer.from(codes.replaceAll('%', ''), 'hex').toString('utf8'));
}
