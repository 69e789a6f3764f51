/** Who wrote the text of a failed log read. */
import {parseStatus} from './unwrap-message.ts';

/** What the apiserver must have requested of a kubelet. */
type KubeletLogRequest = {
	namespace: string;
	pod: string;
	container: string;
	/** `host:port` of all that the apiserver could dial; `null` if the node was not read: no far end can write the rest, either. */
	addresses: readonly string[] | null;
};

/**
`apiserver`: the text is equal to what this request must make it say, so that nobody else can have written it. Otherwise `anyone` who
answers on leg 2.

The apiserver reports its own error with a Status of code 500 without details; it puts a kubelet's response into one with details, another
code or a prefix. Go's error begins with the requested URL. If a kubelet redirects, that is the kubelet's Location, quoted (`\"`), and the
error ends in `redirects forbidden`.
@see https://github.com/kubernetes/kubernetes/blob/v1.36.3/pkg/registry/core/pod/rest/log.go PreventRedirects
@see https://github.com/kubernetes/kubernetes/blob/v1.36.3/staging/src/k8s.io/apiserver/pkg/registry/generic/rest/response_checker.go
@see https://github.com/golang/go/blob/go1.26.0/src/net/http/client.go Do, uerr
*/
export function messageAuthor(body: string, request: KubeletLogRequest | null): 'apiserver' | 'anyone' {
	const {message, code, details} = parseStatus(body) ?? {};
	if (request === null || typeof message !== 'string' || code !== 500 || details || /\\|: redirects forbidden$/.test(message)) {
		return 'anyone';
	}

	const {namespace, pod, container, addresses} = request;
	const [, address = '', rest = ''] = requested.exec(message) ?? [];
	const path = `${namespace}/${pod}/${container}`;
	const isOwn = rest.startsWith(path) && queryAndEnd.test(rest.slice(path.length)) && (addresses?.includes(address) ?? true);
	return isOwn ? 'apiserver' : 'anyone';
}

const requested = /^Get "https:\/\/([^/"\s]+)\/containerLogs\/(.*)$/s;

/** The options of a log in the order of their names (pkg/registry/core/pod/strategy.go LogLocation). */
const option = String.raw`(?:follow|limitBytes|previous|sinceSeconds|sinceTime|stream|tailLines|timestamps)=[\w%:.+-]*`;
const queryAndEnd = new RegExp(String.raw`^(?:\?${option}(?:&${option})*)?": `);
