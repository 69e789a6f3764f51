/** Parser of TARGET[/path] for the apiserver proxy. */
import {SpokeError} from '../../base/errors/spoke-error.ts';
import {validateSegment, findResource, type TargetResource} from './resource-names.ts';

type ProxyScheme = 'http' | 'https';

export type ProxyResource = 'nodes' | 'pods' | 'services';

export type ProxyName = {
	/** `null`: HTTP, except for a kubelet. */
	scheme: ProxyScheme | null;
	name: string;
	port: string | null;
};

export type ProxyTarget = ProxyName & {
	input: string;
	resource: TargetResource & {plural: ProxyResource};
	/** Percent-encoded, with its query; never leaves the target. */
	path: string;
};

/**
Parses `svc/https:web:443/path`; a bare name is a pod.
@throws SpokeError ERR_USAGE that names the target and the allowed forms
@see k8s.io/apimachinery pkg/util/net/port_split.go SplitSchemeNamePort
*/
export function parseProxyTarget(text: string): ProxyTarget {
	// A query directly after the name belongs to the path.
	const [first = '', ...rest] = splitOutsideQuery(
		text.replace(/^([^?]*[^/?])\?/, (_, before: string) => (before.split('/').length <= 2 ? `${before}/?` : `${before}?`)),
	);
	const resource = rest.length > 0 || findResource(first) ? findResource(first) : undefined;
	if (resource && !isProxied(resource)) {
		throw new SpokeError('ERR_USAGE', `target ${JSON.stringify(text)}: the apiserver has no proxy for ${resource.plural}; ${allowed}`);
	}

	const [proxyName = '', ...path] = resource ? rest : [first, ...rest];
	const {scheme, name, port} = parseProxyName(proxyName, text);
	return {
		input: resource ? `${first}/${proxyName}` : proxyName,
		resource: (resource ?? findResource('pods')) as ProxyTarget['resource'],
		scheme,
		name,
		port,
		path: safePath(path.join('/'), text),
	};
}

const allowed = 'it must be KIND/[SCHEME:]NAME[:PORT][/PATH] with node, pod or svc as KIND';

export function isProxied(resource: TargetResource): resource is ProxyTarget['resource'] {
	return ['nodes', 'pods', 'services'].includes(resource.plural);
}

function splitOutsideQuery(text: string): string[] {
	const query = text.indexOf('?');
	const parts = (query < 0 ? text : text.slice(0, query)).split('/');
	parts.push((parts.pop() ?? '') + (query < 0 ? '' : text.slice(query)));
	return parts;
}

/**
`text` is the complete input, for messages.
@throws SpokeError ERR_USAGE
*/
export function parseProxyName(proxyName: string, text: string): ProxyName {
	const parts = proxyName.split(':');
	const scheme = parts[0] === 'http' || parts[0] === 'https' ? (parts.shift() as ProxyScheme) : null;
	const [name = '', port = ''] = parts;
	if (name === '' || parts.length > 2) {
		throw new SpokeError('ERR_USAGE', `target ${JSON.stringify(text)} has no name, or too many colons: ${allowed}`);
	}

	validateSegment('name', name);
	if (port !== '' && !/^[a-z\d]([-a-z\d]*[a-z\d])?$/i.test(port)) {
		throw new SpokeError(
			'ERR_USAGE',
			`invalid port ${JSON.stringify(port)} in ${JSON.stringify(text)}: it must be a name, or a number from 1 to 65535`,
		);
	}

	if (/^\d+$/.test(port) && (Number(port) < 1 || Number(port) > 65_535)) {
		throw new SpokeError('ERR_USAGE', `invalid port ${port} in ${JSON.stringify(text)}: it must be from 1 to 65535`);
	}

	return {scheme, name, port: port === '' ? null : port};
}

/** Dot segments in any spelling stay within the target. */
function safePath(path: string, text: string): string {
	if (/[\u0000-\u001F\u007F]/.test(path)) {
		throw new SpokeError('ERR_USAGE', `the path of ${JSON.stringify(text)} contains control characters`);
	}

	// The apiserver's HTTP server answers such a request itself (net/url Parse); it does not parse the query.
	const [escape] = /%(?![\da-f]{2}).{0,2}/i.exec(path.split('?', 1)[0]!) ?? [];
	if (escape !== undefined) {
		throw new SpokeError('ERR_USAGE', `invalid percent-encoding ${JSON.stringify(escape)} in the path of ${JSON.stringify(text)}`, {
			remedy: 'follow % with two hexadecimal digits, and write %25 for a percent sign',
		});
	}

	const {pathname, search} = new URL(`http://target/${path.replaceAll('#', '%23').replaceAll('\\', '%5C')}`);
	return pathname + search;
}
