/** What stands where the rows of a list would be: why there is none, and what would bring some. */
import {inSeconds} from '../state/in-seconds.ts';
import {listKinds} from '../state/list-kinds.ts';
import type {ListState} from '../state/list-state.ts';
import {grouped} from '../text/grouped.ts';
import {firstKey, type Screen} from './screen.ts';

export function emptyListWords(screen: Screen, list: ListState): string[] {
	const {cluster} = screen.state;
	const place = !listKinds[list.name].namespaced ? 'this cluster' : cluster.namespace ?? 'any namespace';
	const pick = `${firstKey(screen, 'namespace.pick') ?? ':ns'} another namespace`;
	const all = cluster.namespace === null ? `${firstKey(screen, 'namespace.all') ?? ':ns'} back to ${cluster.lastNamespace}` : `${firstKey(screen, 'namespace.all') ?? ':ns'} all namespaces`;
	const why = `${firstKey(screen, 'path.why') ?? ':why'} why`;
	switch (list.phase.kind) {
		case 'failed': {
			const {error, retryAt} = list.phase;
			const again = retryAt === null ? '' : ` Trying again${inSeconds(screen.state, retryAt)}.`;
			return error.code === 'ERR_FORBIDDEN'
				? [`You may not list ${list.name} in ${place} (403).  ${why}`, ...listKinds[list.name].namespaced ? [cluster.namespace === null ? `${all}   ${pick}` : pick] : [], ...list.name === 'pods' ? [':tail pod/NAME and :shell pod/NAME work where you may'] : []]
				: [`${error.message}.${again}  ${why}`, ...error.text === null || error.message.includes(error.text) ? [] : [`text   ${error.text}`], ...error.remedy === null ? [] : [`try    ${error.remedy}`]];
		}

		case 'idle':
		case 'reading': {
			return ['reading …'];
		}

		default: {
			const {namespaced} = listKinds[list.name];
			if (list.total === 0 && list.selector !== '') {
				return [`No ${list.name} in ${place} fit -l ${list.selector}.  ${firstKey(screen, 'view.back') ?? ':filter'} clears${namespaced ? `   ${all}` : ''}`];
			}

			return list.total === 0
				? [`No ${list.name} in ${place}.${namespaced ? `  ${pick}   ${all}` : ''}`]
				: [`Nothing in ${grouped(list.total)} ${list.name} fits "${list.filter}".  ${firstKey(screen, 'view.back') ?? ':filter'} clears${namespaced && cluster.namespace !== null ? `   ${all}` : ''}`];
		}
	}
}
