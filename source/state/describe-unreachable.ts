/** Describes an apiserver that does not respond. */
import {textRole} from '../descriptions/describe-error.ts';
import {errorTable} from '../errors/error-table.ts';
import {clockTime} from '../text/format-time.ts';
import {sanitizeLine} from '../text/sanitize-line.ts';
import {describeNextRetry} from './describe-next-retry.ts';
import type {SessionState, TextLine} from './session-state.ts';

export function describeUnreachable(state: Pick<SessionState, 'cluster' | 'now' | 'isReducedMotion'>): readonly TextLine[] {
	const {
		cluster: {context, proxy, error, retryAt, tries},
	} = state;
	const next = retryAt === null ? '' : ` Retrying${describeNextRetry(state, retryAt)} (attempt ${tries.count + 1}).`;
	const isSilent = error === null || error.code === 'ERR_APISERVER_UNREACHABLE' || error.code === 'ERR_APISERVER_TIMEOUT';
	return [
		{text: `The apiserver of ${sanitizeLine(context)} ${isSilent ? 'does not respond' : 'cannot be used yet'}.${next}`},
		...(error === null
			? []
			: [
					...(error.text === null ? [] : [{label: textRole(error), text: sanitizeLine(error.text)}]),
					{label: 'means', text: isSilent ? errorTable[error.code].meaning : sanitizeLine(error.message)},
					...(isSilent ? [{label: 'proxy', text: proxyText(proxy)}] : []),
					...(error.remedy === null ? [] : [{label: 'fix', text: sanitizeLine(error.remedy), role: 'focus'}]),
				]),
		...tries.last.map(({time, tookMs, text}) => ({
			// The duration comes first, because the end can be cut.
			text: `${clockTime(time)}  after ${tookMs < 1000 ? `${tookMs} ms` : `${(tookMs / 1000).toFixed(1)} s`}: ${sanitizeLine(text)}`,
			role: 'tried',
		})),
	];
}

function proxyText(proxy: SessionState['cluster']['proxy']): string {
	if (proxy === null) {
		return 'none: no proxy-url in the kubeconfig and none in the environment';
	}

	const from = proxy.from === 'proxy-url' ? 'proxy-url of the kubeconfig' : 'HTTPS_PROXY or HTTP_PROXY in the environment';
	return `${sanitizeLine(proxy.url)} (${from})`;
}
