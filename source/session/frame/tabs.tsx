/** The row of views. */
import {Box} from 'ink';
import type {ReactNode} from 'react';
import {useShallow} from 'zustand/react/shallow';
import {formatNumber} from '../../text/format-number.ts';
import {firstKey, useScreen, useScreenWith, type ScreenInput, type ScreenWith} from '../kit/screen-input.ts';
import {line, lineWidth, spokenLines, spread, styled, type Line, type Span} from '../kit/styled-line.ts';
import {Row, useReading} from '../kit/styled-text.tsx';
import {listKinds} from '../lists/list-kinds.ts';
import {describeListStatus} from '../lists/list-pane.tsx';
import type {ListState} from '../lists/list-state.ts';
import {isRunning} from './connection-list.ts';
import {currentList, type SessionState, type ViewName} from './session-state.ts';

const views: ReadonlyArray<readonly [ViewName, string, string]> = [
	['pods', 'Pods', 'Pods'],
	['workloads', 'Workloads', 'Work'],
	['services', 'Services', 'Svcs'],
	['nodes', 'Nodes', 'Nodes'],
	['forwards', 'Forwards', 'Fwds'],
	['proxy', 'Proxy', 'Proxy'],
	['audit', 'Audit', 'Audit'],
	['sandbox', 'Sandbox', 'Sandbox'],
];

/** The views, and the status of the current one. A narrow screen drops counts, then shortens titles, then shows keys only. */
export function Tabs(): ReactNode {
	const screen = useScreenWith('view', 'size');
	const status = useScreen(statusOf);
	const counts = useScreen(useShallow(countsOf));
	const title = views.find(([name]) => name === screen.state.view)?.[1] ?? '';
	const reading = useReading(() => spokenLines([line([title, status].filter(part => part !== '').join(', '))]));
	return (
		<Box aria-role="tab" flexShrink={0} {...reading}>
			<Row {...tabsLine(screen, counts, status)} />
		</Box>
	);
}

type Counts = ReadonlyMap<ViewName, string>;

function tabsLine(screen: ScreenWith<'view' | 'size'>, counts: Counts, status: string): Line {
	const {
		state: {view, size},
		theme: {glyphs},
	} = screen;
	const width = size.columns;
	const note = status === '' ? [] : [styled('text.dim', ` ${status} `), styled('rule', glyphs.rule)];
	const remaining = width - lineWidth(note);
	const countOf = (name: ViewName) => counts.get(name) ?? '';
	const forms = [
		(name: ViewName, title: string) => `${title}${countOf(name)}`,
		(name: ViewName, title: string) => `${title}${name === view || name === 'forwards' ? countOf(name) : ''}`,
		(name: ViewName, title: string, short: string) =>
			name === view ? `${title}${countOf(name)}` : `${short}${name === 'forwards' ? countOf(name) : ''}`,
		(name: ViewName, title: string) => (name === view ? `${title}${countOf(name)}` : title.slice(0, 3)),
		(name: ViewName, title: string) => (name === view ? `${title}${countOf(name)}` : ''),
	].map(words =>
		views.flatMap(([name, title, short]): Span[] => {
			if (!counts.has(name)) {
				return [];
			}

			const text = `${keyOfView(screen, name) ?? ''} ${words(name, title, short)}`.trim();
			return name === view
				? [styled('focus', `${glyphs.tabLeft}${text}${glyphs.tabRight}`), styled('rule', glyphs.rule)]
				: [{text, action: `view.${name}`}, styled('rule', glyphs.rule)];
		}),
	);
	const spans = [styled('rule', glyphs.rule), ...(forms.find(one => lineWidth(one) < remaining) ?? forms.at(-1)!)];
	return spread(spans, note, width, styled('rule', glyphs.rule));
}

function statusOf(screen: ScreenInput): string {
	const list = currentList(screen.state);
	return list === null ? '' : describeListStatus(screen, list, screen.state.size.columns);
}

function keyOfView(screen: ScreenWith<never>, name: ViewName): string | null {
	return screen.keymap.get('rows')?.get(`view.${name}`)?.sequences[0]?.join(' ') ?? firstKey(screen, `view.${name}`);
}

/** Of the views that there are: a real cluster has no sandbox. */
function countsOf({state}: ScreenInput): Counts {
	const there = views.filter(([name]) => name !== 'sandbox' || state.cluster.sandbox);
	return new Map(there.map(([name]) => [name, countOf(state, name)]));
}

function countOf(state: SessionState, name: ViewName): string {
	if (name in listKinds) {
		return sizeOf(state.lists[name as keyof typeof state.lists]);
	}

	return name === 'forwards' ? forwardCount(state) : '';
}

/** `1 of 2`: the list also shows forwards that have ended. */
function forwardCount({forwards}: Pick<SessionState, 'forwards'>): string {
	const open = forwards.filter(one => isRunning(one)).length;
	if (forwards.length === 0) {
		return '';
	}

	return open === forwards.length ? ` ${open}` : ` ${open} of ${forwards.length}`;
}

function sizeOf({phase, counted, total}: ListState): string {
	switch (phase.kind) {
		case 'failed': {
			return ' ?';
		}

		case 'idle': {
			return counted === null ? '' : ` ${formatNumber(counted)}`;
		}

		case 'reading': {
			return ` ${formatNumber(total)}…`;
		}

		default: {
			return ` ${formatNumber(total)}`;
		}
	}
}
