/** What stands where the rows of a list would be: why there is none, and what would bring some. */
import {listKinds, type ListName} from '../state/list-kinds.ts';
import type {ListState} from '../state/list-state.ts';
import {describeNextRetry} from '../state/describe-next-retry.ts';
import {formatNumber} from '../text/format-number.ts';
import {firstKey, type RenderInput} from './render-input.ts';

export function describeEmptyList(screen: RenderInput, list: ListState): string[] {
	switch (list.phase.kind) {
		case 'failed': {
			return failedWords(screen, list, list.phase);
		}

		case 'idle':
		case 'reading': {
			return ['reading …'];
		}

		default: {
			return [noneWords(screen, list)];
		}
	}
}

function failedWords(screen: RenderInput, {name}: ListState, {error, retryAt}: Extract<ListState['phase'], {kind: 'failed'}>): string[] {
	const {namespace} = screen.state.cluster;
	const {all, pick, why} = wayOut(screen);
	if (error.code === 'ERR_FORBIDDEN') {
		return [
			`You may not list ${name} in ${placeOf(screen, name)} (403).  ${why}`,
			...(listKinds[name].namespaced ? [namespace === null ? `${all}   ${pick}` : pick] : []),
			...(name === 'pods' ? [':tail pod/NAME and :shell pod/NAME work where you may'] : []),
		];
	}

	const again = retryAt === null ? '' : ` Trying ${describeNextRetry(screen.state, retryAt)}.`;
	return [
		`${error.message}.${again}  ${why}`,
		...(error.text === null || error.message.includes(error.text) ? [] : [`text   ${error.text}`]),
		...(error.remedy === null ? [] : [`try    ${error.remedy}`]),
	];
}

function noneWords(screen: RenderInput, {name, total, selector, filter}: ListState): string {
	const place = placeOf(screen, name);
	const {all, pick, clears} = wayOut(screen);
	const {namespaced} = listKinds[name];
	if (total > 0) {
		const isPart = namespaced && screen.state.cluster.namespace !== null;
		return `Nothing in ${formatNumber(total)} ${name} fits "${filter}".  ${clears}${isPart ? `   ${all}` : ''}`;
	}

	if (selector !== '') {
		return `No ${name} in ${place} fit -l ${selector}.  ${clears}${namespaced ? `   ${all}` : ''}`;
	}

	return `No ${name} in ${place}.${namespaced ? `  ${pick}   ${all}` : ''}`;
}

function placeOf({state: {cluster}}: RenderInput, name: ListName): string {
	return listKinds[name].namespaced ? (cluster.namespace ?? 'any namespace') : 'this cluster';
}

/** Each with its key, or its command where no key does it. */
function wayOut(screen: RenderInput): {pick: string; all: string; why: string; clears: string} {
	const {namespace, lastNamespace} = screen.state.cluster;
	return {
		pick: `${firstKey(screen, 'namespace.pick') ?? ':ns'} another namespace`,
		all: `${firstKey(screen, 'namespace.all') ?? ':ns'} ${namespace === null ? `back to ${lastNamespace}` : 'all namespaces'}`,
		why: `${firstKey(screen, 'path.why') ?? ':why'} why`,
		clears: `${firstKey(screen, 'view.back') ?? ':filter'} clears`,
	};
}
