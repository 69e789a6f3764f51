/** The status of a list. */
import {countPresent, type ListState} from '../state/list-state.ts';
import {describeNextRetry} from '../state/describe-next-retry.ts';
import {parseRowFilter} from '../state/row-filter.ts';
import {formatNumber} from '../text/format-number.ts';
import {formatAge} from '../text/format-time.ts';
import {chooseColumns, headText, rangeOf, spaceBeside} from './list-columns.ts';
import type {RenderInput} from './render-input.ts';

export function describeListStatus(screen: RenderInput, list: ListState, width: number): string {
	const {state} = screen;
	const parts: string[] = [];
	if (list.visible.length >= 1000 || (list.visible.length > list.windowRows && !hasRangeInHead(screen, list, width))) {
		parts.push(rangeOf(list, list.windowRows));
	}

	if (list.filter !== '') {
		const filter = parseRowFilter(list.filter);
		const isOnlyTyped = filter.kind === 'labels' && filter.selector !== list.selector;
		parts.push(
			list.filterProblem === null
				? `filter: ${list.filter}${isOnlyTyped ? '' : ` · ${formatNumber(countPresent(list.visible))} of ${formatNumber(list.total)}`}`
				: list.filterProblem,
		);
	}

	if (list.phase.kind === 'polling') {
		parts.push(`watch refused, refreshed every ${list.phase.everyMs / 1000} s`);
	} else if (list.phase.kind === 'interrupted') {
		parts.push(`last read ${formatAge(state.now - list.phase.since)} ago · retrying${describeNextRetry(state, list.phase.retryAt)}`);
	} else if (list.phase.kind === 'failed' && list.visible.length > 0) {
		parts.push(list.phase.error.message);
	}

	return parts.join(' · ');
}

function hasRangeInHead(screen: RenderInput, list: ListState, width: number): boolean {
	const columns = chooseColumns(screen, list, list.visible.slice(list.top, list.top + list.windowRows), width);
	return spaceBeside(headText(list, columns), rangeOf(list, list.windowRows), width) > 0;
}
