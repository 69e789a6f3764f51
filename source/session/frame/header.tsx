/** The first two rows: where the session is, the path to the apiserver, and the tabs of the views. */
import {Box} from 'ink';
import type {ReactNode} from 'react';
import {useShallow} from 'zustand/react/shallow';
import {hubName} from '../../evidence/path-line.ts';
import {cellWidth, truncateToCells} from '../../base/text/cell-width.ts';
import {formatNumber, clockTime} from '../../base/text/formats.ts';
import type {Glyphs} from '../kit/theme.ts';
import {tlsRole} from '../kit/path-line-spans.ts';
import {firstKey, useScreen, useScreenWith, type ScreenInput, type ScreenWith} from '../kit/screen-input.ts';
import {line, lineWidth, spokenLines, spread, styled, type Line, type Span} from '../kit/styled-line.ts';
import {Row, useReading} from '../kit/styled-text.tsx';
import {listKinds} from '../lists/list-kinds.ts';
import {describeListStatus} from '../lists/list-pane.tsx';
import type {ListState} from '../lists/list-state.ts';
import {isRunning} from './connection-list.ts';
import {currentList, type ClusterState, type RecordingSettings, type SessionState, type ViewName} from './session-state.ts';

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

type Counts = ReadonlyMap<ViewName, string>;

/** `… ada@corp ━ verified ━► apiserver`, or `… apiserver as of 14:03:07` when it has not responded since. */
export function Header(): ReactNode {
	const cluster = useScreen(({state}) => state.cluster);
	const others = useScreen(({state}) => state.others);
	const recording = useScreen(({state}) => state.recording);
	const size = useScreen(({state}) => state.size);
	const {glyphs} = useScreen(({theme}) => theme);
	const {location, path} = headerParts({cluster, others, recording, columns: size.columns, glyphs});
	const reading = useReading(() => `${spokenCluster(cluster, others)}${spokenRecording(recording)}`);
	return (
		<Box justifyContent="space-between" flexShrink={0} {...reading}>
			<Row spans={location} />
			<Box flexShrink={0}>
				<Row spans={path} />
			</Box>
		</Box>
	);
}

/** Leg 1 is read with the path of the selection. */
function spokenCluster({sandbox, context, namespace, asOf}: ClusterState, others: readonly ClusterState[]): string {
	const since = asOf === null ? '' : ` No response since ${clockTime(asOf)}.`;
	const clusters = others.length === 0 ? '' : `${others.length + 1} contexts, `;
	const name = sandbox && others.length === 0 ? 'Sandbox' : context;
	return `${clusters}${name}, ${namespace ?? 'all namespaces'}.${since}`;
}

function spokenRecording(recording: RecordingSettings | null): string {
	return recording === null ? '' : ` Records ${recordedParts(recording)}.`;
}

type HeaderInput = {
	cluster: ClusterState;
	others: readonly ClusterState[];
	recording: RecordingSettings | null;
	columns: number;
	glyphs: Glyphs;
};

function headerParts(input: HeaderInput): {location: readonly Span[]; path: readonly Span[]} {
	const {cluster, others, recording, columns, glyphs} = input;
	const modes = [...requiredOf(cluster), ...recordingOf(recording)];
	const place: Span[] = [
		styled('title', ' spoke'),
		{text: '  '},
		...contextSpans(cluster, others, glyphs),
		styled('text.dim', ` ${glyphs.into} `),
		{text: cluster.namespace ?? 'all namespaces'},
	];
	const location = [...place, ...modes];
	const isTooWide = lineWidth(location) + lineWidth(legOne(input, true)) + 2 > columns;
	if (columns < 60 || (modes.length > 0 && isTooWide)) {
		return {location: place.slice(2), path: [...modes, {text: ' '}, ...legOne(input, false)]};
	}

	const version = columns >= 110 && cluster.version !== null && cluster.asOf === null ? ` ${cluster.version}` : '';
	const leg = [...legOne(input, true), {text: `${version} `}];
	const besideLocation = columns - lineWidth(location) - 2;
	return {location, path: [{text: ' '}, ...userWithin(cluster.user, besideLocation - lineWidth(leg)), ...leg]};
}

/** The lock on every stream: never shortened. */
function requiredOf({required}: ClusterState): Span[] {
	const states = [...new Set(required.flatMap(one => one.states))];
	return states.length === 0 ? [] : [styled('tls.verified', `  requires ${states.join(', ')}`)];
}

/** Never shortened, so that users always see what of their shells is recorded. */
function recordingOf(recording: RecordingSettings | null): Span[] {
	return recording === null ? [] : [styled('notice.warn', `  records ${recordedParts(recording)}`)];
}

function recordedParts({input}: RecordingSettings): string {
	return input ? 'shells and input' : 'shells';
}

/** Of several contexts their number, and the context of the selected row. */
function contextSpans(cluster: ClusterState, others: readonly ClusterState[], glyphs: Glyphs): Span[] {
	if (others.length === 0) {
		return [cluster.sandbox ? styled('sandbox', 'SANDBOX') : {text: cluster.context}];
	}

	const down = [cluster, ...others].filter(({reachable}) => reachable === 'no').length;
	return [
		{text: `${others.length + 1} contexts`},
		...(down === 0 ? [] : [styled('state.failed', `, ${down} down`)]),
		styled('text.dim', ` ${glyphs.into} `),
		{text: cluster.context},
	];
}

function userWithin(user: string, width: number): Span[] {
	if (cellWidth(user) <= width) {
		return [styled('text.dim', `${user} `)];
	}

	return width > 12 ? [styled('text.dim', `${truncateToCells(user, width - 1)} `)] : [];
}

function legOne({cluster, glyphs}: HeaderInput, long: boolean): Span[] {
	const hub = {text: long ? ` ${hubName(cluster.legOneEnd)}` : ''};
	if (cluster.reachable === 'no') {
		return [styled('state.failed', `you ${glyphs.strokes.proven.repeat(3)}${glyphs.broke}`), {text: ` ${hubName(cluster.legOneEnd)}`}];
	}

	if (cluster.legOne === null) {
		return [styled('tls.unknown', `${glyphs.strokes.unknown} connecting ${glyphs.strokes.unknown}${glyphs.arrow}`), hub];
	}

	const stroke = glyphs.strokes.proven;
	const {tls, route} = cluster.legOne;
	const asOf = cluster.asOf === null ? [] : [styled('notice.warn', ` as of ${clockTime(cluster.asOf)}`)];
	return [
		...(route === 'proxy' ? [styled('route', `${stroke} proxy `)] : []),
		styled(tlsRole[tls], `${long ? '' : '1 '}${stroke} ${tls}${long ? ` ${stroke}${glyphs.arrow}` : ''}`),
		hub,
		...asOf,
	];
}

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

function tabsLine(screen: ScreenWith<'view' | 'size'>, counts: Counts, status: string): Line {
	const {view, size} = screen.state;
	const {glyphs} = screen.theme;
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
	return list === null ? '' : describeListStatus(screen, list);
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
