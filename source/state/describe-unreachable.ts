/** What is known while the apiserver does not answer: for the screen, and for a report. */
import {errorTable} from '../errors/error-table.ts';
import {clockTime} from '../text/clock-time.ts';
import {sanitizeLine} from '../text/sanitize-line.ts';
import {describeNextRetry} from './describe-next-retry.ts';
import type {SessionState, TextLine} from './session-state.ts';

/** What it is, its own words and what was tried, each try with the role `tried`. */
export function describeUnreachable(state: Pick<SessionState, 'cluster' | 'now' | 'isStill'>): readonly TextLine[] {
	const {
		cluster: {context, proxy, error, retryAt, tries},
	} = state;
	const next = retryAt === null ? '' : ` Trying ${describeNextRetry(state, retryAt)} (try ${tries.count + 1}).`;
	const isSilent = error === null || error.code === 'ERR_APISERVER_UNREACHABLE' || error.code === 'ERR_APISERVER_TIMEOUT';
	return [
		{text: `The apiserver of ${sanitizeLine(context)} ${isSilent ? 'does not answer' : 'cannot be used yet'}.${next}`},
		...(error === null
			? []
			: [
					...(error.text === null ? [] : [{label: 'text', text: sanitizeLine(error.text)}]),
					{label: 'means', text: isSilent ? errorTable[error.code].meaning : sanitizeLine(error.message)},
					...(isSilent ? [{label: 'known', text: proxyWords(proxy)}] : []),
					...(error.remedy === null ? [] : [{label: 'try', text: sanitizeLine(error.remedy), role: 'focus'}]),
				]),
		...tries.last.map(({time, tookMs, text}) => ({
			text: `${clockTime(time)}  ${sanitizeLine(text)}, after ${tookMs < 1000 ? `${tookMs} ms` : `${(tookMs / 1000).toFixed(1)} s`}`,
			role: 'tried',
		})),
	];
}

function proxyWords(proxy: SessionState['cluster']['proxy']): string {
	if (proxy === null) {
		return 'no proxy in between: no proxy-url, and none by the environment';
	}

	const from = proxy.from === 'proxy-url' ? 'proxy-url of the kubeconfig' : 'HTTPS_PROXY or HTTP_PROXY here';
	return `it is dialled through ${sanitizeLine(proxy.url)} (${from})`;
}
