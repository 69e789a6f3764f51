/** The why page: each leg with verdicts, evidence, needs and fixes. */
import type {ErrorPart} from '../../report/descriptions/describe-error.ts';
import {clockTime} from '../../base/text/formats.ts';
import {fitToCells} from '../../base/text/cell-width.ts';
import {sanitizeLine} from '../../base/text/sanitize.ts';
import type {Finding, Leg, Path, Verdict} from '../../evidence/evidence.ts';
import {isChecking} from '../../evidence/path-line.ts';
import {actionSpecs} from '../actions/action-table.ts';
import type {ErrorObject} from '../../base/errors/spoke-error.ts';
import {describeLeg, describeProcess, describeUndetermined, insideNode, pathSentences} from '../../report/descriptions/describe-path.ts';
import {describeExposure, describeFinding, type VerdictDescription, withLocation} from '../../report/descriptions/describe-verdict.ts';
import type {SessionState, TextLine, Layer} from '../frame/session-state.ts';
import {pathLineSpansWithEndTime, replicaLetter, routeRole, tlsRole, tlsRoleOf} from '../kit/path-line-spans.ts';
import {type ScreenWith, sessionErrorParts, toSessionAdvice} from '../kit/screen-input.ts';
import {line, styled, type Line} from '../kit/styled-line.ts';
import type {TextPart} from '../kit/text-rows.ts';
import {noOverdueTimes, describeRoundTrips, overdueTimes, type OverdueTimes, worstPath} from '../frame/connection-list.ts';

type WhyScreen = ScreenWith<TextPart | 'connections' | 'cluster'>;

export type WhyLayer = Extract<Layer, {kind: 'why'}>;

export function whyPage(screen: WhyScreen, layer: WhyLayer) {
	const {
		state,
		theme: {glyphs},
	} = screen;
	const path = whyPath(state, layer);
	const lines = whyLines(
		path,
		layer.error ?? path?.error ?? null,
		glyphs.strokes,
		otherDisabledActions(state, layer.error),
		path === null ? noOverdueTimes : overdueTimes(state, path),
	);
	const none = path === null ? describeMissingPath(state, layer) : [];
	return {
		title: 'Why',
		after: layer.about,
		right: path === null ? '' : describeUse(path),
		head: path === null ? [] : state.hasScreenReader ? pathSentences(path).map(text => line(text)) : pathTable(screen, path),
		texts: [...lines.map(one => ({...one, text: toSessionAdvice(screen, one.text)})), ...none.map(text => ({text, role: 'text.dim'}))],
	};
}

/** `open connection, checking`. */
function describeUse({about, phase}: Path): string {
	const words = about.replace('-', ' ');
	const note = phase === 'checking' && !isChecking({about, phase}) ? 'no stream opened' : phase;
	return phase === 'settled' ? words : `${words}, ${note}`;
}

function describeMissingPath({connections}: Pick<SessionState, 'connections'>, {error, entry, row}: WhyLayer): readonly string[] {
	if (error !== null) {
		return ['No path: no connection was observed for this failure.'];
	}

	if (row !== undefined) {
		return ['The path is still being read and will appear here.'];
	}

	const note = connections.find(({id}) => id === entry)?.note ?? '';
	return [`No open connection${note === '' ? '' : `: ${note}`}.`, 'Its path is read when it opens.'];
}

/** Other actions that a missing permission disables. Actions that are not listed were allowed or not checked. */
function otherDisabledActions({cluster: {missingPermissions}}: Pick<SessionState, 'cluster'>, error: ErrorObject | null): TextLine[] {
	if (error?.code !== 'ERR_FORBIDDEN') {
		return [];
	}

	const off = actionSpecs.flatMap(action => {
		const why = missingPermissions.get(action);
		const isAnother = action.context === 'pods' && why !== undefined && !error.message.endsWith(why);
		return isAnother ? [`${action.label}: ${why}`] : [];
	});
	return off.length === 0 ? [] : [{label: '  disabled', text: off.join(' · ')}];
}

function pathTable(screen: WhyScreen, path: Path): Line[] {
	const {
		state: {size, processes},
		theme: {glyphs},
	} = screen;
	return [line(' ', pathLineSpansWithEndTime(path, size.columns - 2, glyphs, replicaLetter(processes, path))), ...legTable(screen, path)];
}

const tableRest = 51;

function legTable(
	{
		theme: {
			glyphs: {strokes},
		},
		state: {size},
	}: ScreenWith<'size'>,
	path: Path,
): Line[] {
	const wide = Math.max(14, Math.min(60, size.columns - tableRest));
	return [
		line(styled('text.dim', `   ${'LEG'.padEnd(wide + 3)}${'TLS'.padEnd(14)}${'ROUTE'.padEnd(21)}CHECKED`)),
		...path.legs.map(leg => {
			const {n, tls, route} = leg;
			const {from, to, ...described} = describeLeg(path, leg);
			const name = n === 1 ? `you → ${to}` : `${from} → ${to} ${described.name}`;
			return line(
				`   ${n}  ${fitToCells(name, wide - 1)} `,
				styled(tlsRole[tls.state], `${strokes[tls.basis]}${described.tls.name}`.padEnd(14)),
				styled(routeRole(route.state), `${strokes[route.basis]}${described.route.name}`.padEnd(21)),
				styled('text.dim', readAt(path, leg)),
			);
		}),
		line(styled('text.dim', `   3  ${insideNode}`)),
	];
}

function readAt(path: Path, {tls, route}: Leg): string {
	const read = new Set([...tls.evidence, ...route.evidence]);
	const times = path.evidence
		.filter(({id}) => read.has(id))
		.map(({time}) => time)
		.sort();
	return times.length === 0 ? '–' : clockTime(times.at(-1)!);
}

type Strokes = {proven: string; inferred: string; unknown: string};

export function whyLines(
	path: Path | null,
	error: ErrorObject | null,
	strokes: Strokes,
	besideError: readonly TextLine[] = [],
	overdue = noOverdueTimes,
): TextLine[] {
	return [...(error === null ? [] : [...errorLines(error), ...besideError]), ...(path === null ? [] : pathLines(path, strokes, overdue))];
}

const errorRoles: Partial<Record<ErrorPart['role'], string>> = {message: 'state.failed', fix: 'focus'};

export function errorLines(error: ErrorObject, without: ReadonlyArray<ErrorPart['role']> = []): TextLine[] {
	const parts = sessionErrorParts(error).filter(({role}) => !without.includes(role));
	return parts.map(({role, text}): TextLine => {
		const style = errorRoles[role];
		return {
			...(role === 'where' && {rule: true}),
			...(role !== 'where' && role !== 'message' && {label: `  ${role}`}),
			text: sanitizeLine(text),
			...(style !== undefined && {role: style}),
		};
	});
}

function pathLines(path: Path, strokes: Strokes, overdue: OverdueTimes): TextLine[] {
	const process = describeProcess(path).map(({text}) => text);
	return [
		...path.legs.flatMap(leg => legLines(path, leg, strokes)),
		{text: 'Exposure', rule: true},
		...verdictLines(path.exposure, describeExposure(path), strokes),
		...path.findings.flatMap(finding => findingLines(finding)),
		...undeterminedLines(path),
		{text: 'Round trips', rule: true},
		{text: describeRoundTrips(path, overdue) || noTrips(path), indent: 3},
		{text: 'Apiserver process', rule: true},
		{text: path.process.id === null ? 'unknown' : process.join('; '), indent: 3},
	];
}

function legLines(path: Path, leg: Leg, strokes: Strokes): TextLine[] {
	const {n, tls, route, details} = describeLeg(path, leg);
	const lines = (...roles: string[]) =>
		details.filter(({role}) => roles.includes(role)).map(({role, text}) => ({label: `  ${role}`, text: sanitizeLine(text)}));
	return [
		{text: `Leg ${n}: TLS`, rule: true},
		...verdictLines(leg.tls, tls, strokes),
		...lines('peer'),
		{text: `Leg ${n}: route`, rule: true},
		...verdictLines(leg.route, route, strokes),
		...lines('via', 'agent'),
	];
}

function findingLines(finding: Finding): TextLine[] {
	const {row, severity} = finding;
	return describeFinding(finding)
		.filter(({role}) => role !== 'docs')
		.map(({role, text}) =>
			role === 'message'
				? {
						label: severity === 'info' ? '  note' : '  finding',
						text: `${sanitizeLine(text)} (audit row ${row})`,
						role: severity === 'info' ? 'text.dim' : 'level.warn',
					}
				: {label: `  ${role}`, text: sanitizeLine(text), role: 'focus'},
		);
}

function undeterminedLines(path: Path): TextLine[] {
	const lines = describeUndetermined(path).map(({role, text}): TextLine => ({label: `  ${role}`, text: sanitizeLine(text)}));
	return lines.length === 0 ? [] : [{text: 'Not determined', rule: true}, ...lines];
}

function noTrips({about, feature}: Path): string {
	if (about === 'configuration') {
		return 'no stream is open yet; a forward measures two, a shell one';
	}

	return feature === 'logs' ? 'not available for logs (no ping)' : 'not measured';
}

function verdictLines({state, basis}: Verdict<string>, described: VerdictDescription, strokes: Strokes): TextLine[] {
	return [
		{
			text: `${strokes[basis]} ${[described.name, described.basis].filter(word => word !== null).join(', ')}`,
			role: tlsRoleOf(state) ?? 'route',
		},
		...described.details.map((detail): TextLine => ({
			label: `  ${detail.role}`,
			text: sanitizeLine(withLocation(detail, clockTime)),
		})),
	];
}

/**
The path of the open connection (the worst of several), else that of the row. A failure without a connection has none, not even that of the
selected row.
*/
export function whyPath(state: Pick<SessionState, 'connections'>, layer: WhyLayer): Path | null {
	const entry = state.connections.find(one => one.id === layer.entry);
	return (entry ? worstPath(entry.paths.values(), layer.context) : null) ?? layer.path;
}

/**
The screen of a row after its path was read again. It keeps its path until a later one says something else, so that the text does not
change under its reader.
*/
export function withRowPath(layer: WhyLayer, path: Path | null): WhyLayer {
	return path === null || (layer.path !== null && contentOf(layer.path) === contentOf(path)) ? layer : {...layer, path};
}

/** What the screen explains, without times and measured values. The line alone has no basis. */
function contentOf({line, legs, exposure, findings, evidence}: Path): string {
	const verdicts = legs.map(({tls, route}) => [tls, route]);
	const sources = evidence.map(({source, rule}) => [source, rule]);
	return JSON.stringify([line, verdicts, exposure, findings.map(({code}) => code), sources]);
}
