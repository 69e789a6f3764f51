/** The path pane below a view. */
import {Box} from 'ink';
import type {ReactNode} from 'react';
import {describePathMeaning, pathSentences} from '../../descriptions/describe-path.ts';
import type {Path} from '../../evidence/evidence.ts';
import {hubName} from '../../evidence/path-line.ts';
import {cellWidth, fitToCells} from '../../text/cell-width.ts';
import {sanitizeLine} from '../../text/sanitize-line.ts';
import {pathLineSpansWithEndTime, replicaLetter, tlsRole} from '../kit/path-line-spans.ts';
import {firstKey, type RenderInput} from '../kit/render-input.ts';
import {Rule} from '../kit/rule.tsx';
import {useScreen, wholeScreen} from '../kit/screen-context.ts';
import {toSessionAdvice} from '../kit/session-advice.ts';
import {line, styled, type Line} from '../kit/styled-line.ts';
import {Row, useReading} from '../kit/styled-text.tsx';
import {selectedRow} from '../lists/list-state.ts';
import type {Row as ListRow} from '../lists/table-rows.ts';
import {selectedExchange} from '../proxy/proxy-state.ts';
import {worstPath} from './connection-list.ts';
import {describeEvidence} from './describe-evidence.ts';
import {hasPaneTitles} from './layout.ts';
import {
	describeBrokenPath,
	describePendingLeg,
	describeUptime,
	isNothingSelected,
	nothingSelected,
	pathTitle,
	pathVerdicts,
	pendingLegName,
	proxyPathNote,
	verdictColumnWidth,
	type VerdictEntry,
} from './path-verdicts.ts';
import {describeRoundTrips, pendingTimes} from './round-trips.ts';
import {currentList, type SessionState} from './session-state.ts';

/** The path of the selection: one line, what it means, and the evidence if it is broken or differs from the row before. */
export function PathPane(): ReactNode {
	const screen = useScreen(wholeScreen);
	const {view} = screen.state;
	const reading = useReading(() => spokenPath(shownPath(screen.state)));
	return view === 'audit' || view === 'proxy' ? null : (
		<Box flexDirection="column" flexShrink={0} {...reading}>
			{hasPaneTitles(screen.state) && view !== 'sandbox' && <Title />}
			{pathPane(screen).map((line, index) => (
				<Row key={index} {...line} />
			))}
		</Box>
	);
}

export function spokenPath(path: Path | null): string {
	return path === null ? '' : pathSentences(path).join('\n');
}

function Title(): ReactNode {
	const screen = useScreen(wholeScreen);
	const {state} = screen;
	const {columns} = state.size;
	const path = shownPath(state);
	const key = firstKey(screen, 'why');
	const after = path === null || columns < 76 ? '' : describeRoundTrips(path, pendingTimes(state, path));
	const uptime = path === null || columns < 110 ? '' : describeUptime(path, state.now);
	const right = [uptime, key === null ? '' : `${key} why`].filter(part => part !== '').join('  ');
	return <Rule title={pathTitle(path, rowOfSelection(state)?.name ?? '')} after={after} right={right} />;
}

/** In the forwards view, the worst of the selected forward; in the proxy view, of the selected response; in lists, as read for the row. */
export function shownPath(state: SessionState): Path | null {
	if (state.view === 'forwards') {
		const entry = state.connections.find(one => one.id === state.forwards[state.forwardCursor]?.id);
		return worstPath(entry?.paths.values() ?? []);
	}

	if (state.view === 'proxy') {
		return selectedExchange(state.proxy)?.path ?? null;
	}

	if (state.view === 'sandbox') {
		return state.selectedPath?.path ?? null;
	}

	return state.selectedPath !== null && state.selectedPath.of === rowOfSelection(state)?.id ? state.selectedPath.path : null;
}

function rowOfSelection(state: SessionState): ListRow | null {
	const list = currentList(state);
	return list && selectedRow(list);
}

export function pathPane(screen: RenderInput): Line[] {
	const {state} = screen;
	const path = shownPath(state);
	const isShort = !hasPaneTitles(state) || state.view === 'sandbox';
	if (path === null) {
		const [first, ...rest] = unreadLines(screen);
		return isShort ? [first] : [first, ...rest];
	}

	const {columns} = state.size;
	const letter = replicaLetter(state.processes, path);
	const pathLine = line(' ', pathLineSpansWithEndTime(path, columns - 2, screen.theme.glyphs, letter));
	const broken = brokenLines(screen, path, columns);
	if (isShort) {
		return [broken[0] ?? pathLine];
	}

	const isOpen = broken.length > 0 || state.isPathNews || state.view === 'forwards';
	return [
		pathLine,
		...(broken.length > 0 ? broken : [line('   ', meaningWithin(screen, path, columns - 3))]),
		...(isOpen ? pathVerdictLines(screen, path, pathVerdicts(path), columns) : []),
		...(path.legs[1]?.to === 'service' ? [line('   ', styled('text.dim', proxyPathNote))] : []),
	];
}

/** Without the name of the far end, which the path line shows, if only then it fits. */
function meaningWithin(screen: RenderInput, path: Path, width: number): string {
	const meaning = (short: boolean) => toSessionAdvice(screen, describePathMeaning(path, {short}));
	const [long, short] = [meaning(false), meaning(true)];
	return cellWidth(long) > width && cellWidth(short) <= width ? short : long;
}

/** The text as observed if it is complete, otherwise its meaning first. */
function brokenLines({state}: RenderInput, path: Path, width: number): Line[] {
	const broken = describeBrokenPath(path, state.now);
	if (!broken) {
		return [];
	}

	const {word} = broken;
	const room = width - word.length - 6;
	const [message, explained] = [sanitizeLine(broken.message), sanitizeLine(broken.explained)];
	const text = cellWidth(message) <= room ? message : explained;
	return [line('   ', styled('state.failed', word), '  ', fitToCells(text, room))];
}

function unreadLines({state, theme: {glyphs}}: RenderInput): [Line, ...Line[]] {
	if (isNothingSelected(state)) {
		return [line(' ', styled('text.dim', nothingSelected))];
	}

	const pending = line('   ', styled('text.dim', describePendingLeg(state)));
	const {cluster} = state;
	const {legOne} = cluster;
	const stroke = glyphs.strokes.proven;
	if (cluster.reachable === 'no') {
		return [line(' you ', styled('state.failed', `${stroke.repeat(3)}${glyphs.broke}`), ' apiserver'), pending];
	}

	const first =
		legOne === null
			? styled('tls.unknown', `${glyphs.strokes.unknown} checking ${glyphs.strokes.unknown}${glyphs.arrow}`)
			: styled(tlsRole[legOne.tls], `${stroke} ${legOne.tls} ${stroke}${glyphs.arrow}`);
	return [
		line(
			' you ',
			first,
			` ${hubName(cluster.front)} `,
			styled('tls.unknown', `${glyphs.strokes.unknown} ${pendingLegName(state)} ${glyphs.strokes.unknown}${glyphs.arrow}`),
			' kubelet',
		),
		pending,
	];
}

export function pathVerdictLines(screen: RenderInput, path: Path, facts: readonly VerdictEntry[], width: number): Line[] {
	const wide = verdictColumnWidth(facts);
	return facts.map(({leg, word, role, verdict}) =>
		line(
			styled('text.dim', ` leg ${leg} `),
			styled(role, word.padEnd(wide)),
			styled('text.dim', verdict.basis.padEnd(9)),
			describeEvidence(path, verdict, width - wide - 16, text => toSessionAdvice(screen, text)),
		),
	);
}
