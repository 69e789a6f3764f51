/** The path pane below a view: the legs of a path, their evidence or needs, what is pending, and why a path would fail. */
import {Box} from 'ink';
import type {ReactNode} from 'react';
import {describeExpectedFailure, describePathMeaning, pathSentences} from '../../report/descriptions/describe-path.ts';
import {describeCitations, routeName, sourceName, tlsName, type DetailPart} from '../../report/descriptions/describe-verdict.ts';
import type {Leg, Path, Verdict} from '../../evidence/evidence.ts';
import {hubName, isChecking} from '../../evidence/path-line.ts';
import {cellWidth, fitToCells} from '../../base/text/cell-width.ts';
import {formatAge} from '../../base/text/formats.ts';
import {sanitizeLine} from '../../base/text/sanitize.ts';
import {pathLineSpansWithEndTime, replicaLetter, routeRole, tlsRole} from '../kit/path-line-spans.ts';
import {Row, useReading} from '../kit/styled-text.tsx';
import {useScreen, useScreenWith, wholeScreen, type ScreenInput, type ScreenWith, toSessionAdvice} from '../kit/screen-input.ts';
import {line, lineWidth, styled, type Line} from '../kit/styled-line.ts';
import type {Role} from '../kit/theme.ts';
import {selectedRow} from '../lists/list-state.ts';
import type {Row as ListRow} from '../lists/table-rows.ts';
import {selectedExchange} from '../proxy/proxy-state.ts';
import {pathOfEntry} from './connection-list.ts';
import {hasPaneTitles} from './layout.ts';
import {currentList, type SessionState} from './session-state.ts';

/** The path of the selection in one line; below it, why it would fail, or what would settle an unknown TLS state. */
export function PathPane(): ReactNode {
	const view = useScreen(({state}) => state.view);
	const path = useScreen(({state}) => shownPath(state));
	const isEmpty = useScreen(({state}) => path === null && isNothingSelected(state));
	const reading = useReading(() => spokenPath(path));
	return view === 'audit' || view === 'proxy' || isEmpty ? null : (
		<Box flexDirection="column" flexShrink={0} {...reading}>
			{path === null ? <UnreadPath /> : <ReadPath path={path} />}
		</Box>
	);
}

export function spokenPath(path: Path | null): string {
	return path === null ? '' : pathSentences(path).join('\n');
}

/** In the forwards view, the worst of the selected forward; in the proxy view, of the selected response; in lists, as read for the row. */
export function shownPath(state: SessionState): Path | null {
	if (state.view === 'forwards') {
		return pathOfEntry(state.connections, state.forwards[state.forwardCursor]?.id);
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

const pathParts = ['view', 'size', 'zoom', 'processes', 'now'] as const;

function ReadPath({path}: {readonly path: Path}): ReactNode {
	const screen = useScreenWith(...pathParts);
	return pathLines(screen, path).map((line, index) => <Row key={index} {...line} />);
}

function UnreadPath(): ReactNode {
	return <Row {...unreadLine(useScreen(wholeScreen))} />;
}

function pathLines(screen: ScreenWith<(typeof pathParts)[number]>, path: Path): Line[] {
	const {state} = screen;
	const {columns} = state.size;
	const letter = replicaLetter(state.processes, path);
	const spans = pathLineSpansWithEndTime(path, columns - 2, screen.theme.glyphs, letter);
	const broken = brokenLine(screen, path, columns);
	if (broken !== null) {
		return !hasPaneTitles(state) || state.view === 'sandbox' ? [broken] : [line(' ', spans), broken];
	}

	const meaning = toSessionAdvice(screen, describePathMeaning(path));
	if (lineWidth(spans) + cellWidth(meaning) + 5 <= columns) {
		return [line(' ', spans, styled('text.dim', `   ${meaning}`))];
	}

	const isUnknown = !isChecking(path) && path.legs.some(({tls}) => tls.state === 'unknown');
	return [line(' ', spans), ...(isUnknown && hasPaneTitles(state) ? [line('   ', styled('text.dim', meaning))] : [])];
}

/** The text as observed if it is complete, otherwise its meaning first. */
function brokenLine({state}: ScreenWith<'now'>, path: Path, width: number): Line | null {
	const broken = describeBrokenPath(path, state.now);
	if (!broken) {
		return null;
	}

	const {word} = broken;
	const textWidth = width - word.length - 6;
	const [message, explained] = [sanitizeLine(broken.message), sanitizeLine(broken.explained)];
	const text = cellWidth(message) <= textWidth ? message : explained;
	return line('   ', styled('state.failed', word), '  ', fitToCells(text, textWidth));
}

function unreadLine({state, theme: {glyphs}}: ScreenInput): Line {
	const unread = rowOfSelection(state);
	if (unread?.unread !== undefined) {
		return line(' ', styled('text.dim', `${unread.name} cannot be read, so it has no paths to show.`));
	}

	const {cluster} = state;
	const {legOne} = cluster;
	const stroke = glyphs.strokes.proven;
	if (cluster.reachable === 'no') {
		return line(' you ', styled('state.failed', `${stroke.repeat(3)}${glyphs.broke}`), ' apiserver');
	}

	const first =
		legOne === null
			? styled('tls.unknown', `${glyphs.strokes.unknown} checking ${glyphs.strokes.unknown}${glyphs.arrow}`)
			: styled(tlsRole[legOne.tls], `${stroke} ${legOne.tls} ${stroke}${glyphs.arrow}`);
	return line(
		' you ',
		first,
		` ${hubName(cluster.legOneEnd)} `,
		styled('tls.unknown', `${glyphs.strokes.unknown} ${pendingLegName(state)} ${glyphs.strokes.unknown}${glyphs.arrow}`),
		' kubelet',
	);
}

export function pathVerdictLines(screen: ScreenWith<never>, path: Path, facts: readonly VerdictEntry[], width: number): Line[] {
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

type VerdictEntry = {leg: 1 | 2; word: string; role: Role; verdict: Verdict<string>};

export function pathVerdicts({legs: [first, second]}: Path): VerdictEntry[] {
	return [...(first ? [tlsEntry(first)] : []), ...(second ? [routeEntry(second), tlsEntry(second)] : [])];
}

function tlsEntry({n, tls}: Leg): VerdictEntry {
	return {leg: n, word: tlsName(tls.state), role: tlsRole[tls.state], verdict: tls};
}

function routeEntry({n, route}: Leg): VerdictEntry {
	return {leg: n, word: routeName(route.state), role: routeRole(route.state), verdict: route};
}

export function verdictColumnWidth(facts: readonly VerdictEntry[]): number {
	return Math.max(11, ...facts.map(({word}) => word.length + 1));
}

function describeBrokenPath(path: Path, now: number): {word: string; message: string; explained: string} | null {
	const failure = describeExpectedFailure(path);
	if (failure === null) {
		return null;
	}

	const {time, otherEnd, message, explained} = failure;
	const end = otherEnd === null ? '' : ` to ${sanitizeLine(otherEnd)}`;
	return {word: time === null ? 'would fail' : `failed ${formatAge(now - Date.parse(time))} ago${end}`, message, explained};
}

export function isNothingSelected({
	view,
	lists,
	forwards,
	cluster,
}: Pick<SessionState, 'view' | 'lists' | 'forwards' | 'cluster'>): boolean {
	if (cluster.reachable === 'no') {
		return false;
	}

	if (view === 'forwards') {
		return forwards.length === 0;
	}

	if (view === 'events') {
		return true;
	}

	const list = currentList({view, lists});
	return (
		list !== null && ['live', 'polling', 'failed'].includes(list.phase.kind) && list.visible.length === 0 && !isUnauthorized({view, lists})
	);
}

function isUnauthorized({view, lists}: Pick<SessionState, 'view' | 'lists'>): boolean {
	const phase = currentList({view, lists})?.phase;
	return phase?.kind === 'failed' && phase.error.code === 'ERR_CREDENTIALS';
}

export function pendingLegName(state: Pick<SessionState, 'view' | 'lists'>): string {
	return isUnauthorized(state) ? 'not determined' : 'not determined yet';
}

/** `words` rewrites advice for a shell as keys of the session. */
export function describeEvidence(
	path: Path,
	verdict: Verdict<string>,
	width: number,
	words: (text: string) => string = text => text,
): string {
	if (isChecking(path) && verdict.state === 'unknown') {
		return 'checking …';
	}

	const read = describeCitations(verdict.evidence, path.evidence);
	if (verdict.state !== 'unknown' && read.length > 0) {
		return longestThatFits(
			[
				joined(read, ({text}) => text, 'from '),
				joined(read, ({text}) => text, ''),
				joined(read, ({text, short = text}) => short, 'from '),
				joined(read, ({text, short = text}) => short, ''),
				joined(read, ({text, short = text}) => short, null),
			],
			width,
		);
	}

	return verdict.why === undefined ? needTextOf(verdict.need, width, words) : sanitizeLine(verdict.why);
}

/** Equal observations appear once: `no egress flag (from /flagz, apiserver pod)`. `lead` is `null` without sources. */
function joined(read: readonly DetailPart[], textOf: (one: DetailPart) => string, lead: string | null): string {
	return [...Map.groupBy(read, textOf)]
		.map(([text, all]) => {
			const sources = [...new Set(all.flatMap(({origin}) => origin?.source ?? []))].filter(
				source => source !== 'socket' && source !== 'construction',
			);
			return sanitizeLine(
				lead !== null && sources.length > 0 ? `${text} (${lead}${sources.map(source => sourceName(source)).join(', ')})` : text,
			);
		})
		.join('; ');
}

/** Permissions, or else probes; as many whole ones as fit. */
function needTextOf(need: Verdict<string>['need'], width: number, words: (text: string) => string): string {
	const permissions = need.flatMap(({permission}) => (permission === null ? [] : [permission.replace('nonResourceURL', 'on')]));
	const others = need.flatMap(({or}) => (or === null ? [] : [words(or)]));
	const all = permissions.length > 0 ? permissions : others;
	return all.length === 0
		? 'unknown'
		: longestThatFits(
				all.map((_, index) => sanitizeLine(`needs ${all.slice(0, all.length - index).join(', or ')}`)),
				width,
			);
}

function longestThatFits(texts: readonly string[], width: number): string {
	return texts.find(text => cellWidth(text) <= width) ?? texts.at(-1)!;
}
