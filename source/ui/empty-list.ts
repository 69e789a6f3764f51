/** The text of an empty list. */
import {textLabel} from '../state/describe-unreachable.ts';
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
			`You are not allowed to list ${name} in ${placeOf(screen, name)} (403).  ${why}`,
			...(listKinds[name].namespaced ? [namespace === null ? `${all}   ${pick}` : pick] : []),
			...(name === 'pods' ? [':tail pod/NAME and :shell pod/NAME work if you have the permissions for that pod'] : []),
		];
	}

	const again = retryAt === null ? '' : ` Retrying${describeNextRetry(screen.state, retryAt)}.`;
	return [
		`${error.message}.${again}  ${why}`,
		...(error.text === null || error.message.includes(error.text) ? [] : [`${textLabel(error).padEnd(7)}${error.text}`]),
		...(error.remedy === null ? [] : [`fix    ${error.remedy}`]),
	];
}

function noneWords(screen: RenderInput, {name, total, selector, filter}: ListState): string {
	const place = placeOf(screen, name);
	const {all, pick, clears} = wayOut(screen);
	const {namespaced} = listKinds[name];
	if (total > 0) {
		const isPart = namespaced && screen.state.cluster.namespace !== null;
		return `None of ${formatNumber(total)} ${name} match "${filter}".  ${clears}${isPart ? `   ${all}` : ''}`;
	}

	if (selector !== '') {
		return `No ${name} in ${place} match -l ${selector}.  ${clears}${namespaced ? `   ${all}` : ''}`;
	}

	return `No ${name} in ${place}.${namespaced ? `  ${pick}   ${all}` : ''}`;
}

function placeOf({state: {cluster}}: RenderInput, name: ListName): string {
	return listKinds[name].namespaced ? (cluster.namespace ?? 'any namespace') : 'this cluster';
}

function wayOut(screen: RenderInput): {pick: string; all: string; why: string; clears: string} {
	const {namespace, lastNamespace} = screen.state.cluster;
	return {
		pick: `${firstKey(screen, 'namespace.pick') ?? ':ns'} another namespace`,
		all: `${firstKey(screen, 'namespace.all') ?? ':ns'} ${namespace === null ? `back to ${lastNamespace}` : 'all namespaces'}`,
		why: `${firstKey(screen, 'path.why') ?? ':why'} why`,
		clears: `${firstKey(screen, 'view.back') ?? ':filter'} clear filter`,
	};
}
