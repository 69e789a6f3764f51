/** Draws the audit as a hub with spokes: callers at the left, destinations at the right. */
import type {Audit, AuditedLeg, AuditRow, RowId, RowVerdict} from '../../evidence/audit/audit-object.ts';
import {auditEndNames, auditRowState, auditStateBasis} from '../../descriptions/describe-audit.ts';
import {commonRoute, kubeletsRow, routeToNodes} from '../../output/hub-picture.ts';
import {routeName} from '../../descriptions/describe-verdict.ts';
import {cellWidth, truncateToCells} from '../../text/cell-width.ts';
import type {Glyphs} from '../kit/glyphs.ts';
import {tlsRoleOf} from '../kit/path-line-spans.ts';
import {line, type Line, lineWidth, type Span, styled} from '../kit/styled-line.ts';
import type {Role} from '../kit/theme.ts';

const leftRows = ['N1', 'N2', 'N3', 'N4'] as const;
const rightRows = ['C4', 'C6', 'C7', 'C8'] as const;
const kubeletStreams = ['C1', 'C2', 'C3'] as const;
const hub = ' apiserver ';
const wideFrom = 110;

export function auditPicture({rows}: Pick<Audit, 'rows'>, glyphs: Glyphs, width: number): Line[] {
	const {frame} = glyphs;
	const isWide = width >= wideFrom;
	const side = Math.min(isWide ? 48 : 33, Math.max(20, Math.floor((width - cellWidth(hub) - 5) / 2)));
	const row = (id: RowId) => rows.find(one => one.id === id)!;
	const edge = (left: string, right: string) =>
		styled('rule', `${' '.repeat(side + 1)}${left}${frame.along.repeat(cellWidth(hub))}${right}`);
	const middle = leftRows.map((id, index) => {
		const farId = rightRows[index]!;
		const centre = index === 1 ? styled('title', hub) : {text: ' '.repeat(cellWidth(hub))};
		return line(
			' ',
			spokeIn(auditEndNames[id][isWide ? 'text' : 'short'], row(id), {width: side, nameWidth: isWide ? 15 : 12}, glyphs),
			styled('rule', frame.side),
			centre,
			styled('rule', frame.side),
			spokeOut(
				auditEndNames[farId][isWide ? 'text' : 'short'],
				{...(farId === 'C4' ? kubeletsRow(rows) : row(farId)), broken: row(farId === 'C4' ? 'C2' : farId).broken},
				isWide ? commonRoute(rows, farId === 'C4' ? kubeletStreams : [farId]) : null,
				glyphs,
			),
		);
	});
	const labeled = (name: string, words: string) => `${name}: ${words}`;
	const bottom = edge(frame.bottomLeft, frame.bottomRight);
	const toNodes = routeToNodes(rows);
	const route = `  ${labeled('route', `${toNodes.basis === 'unknown' ? '' : `${glyphs.strokes[toNodes.basis]} `}${toNodes.name}`)}`;
	const both = `${route} ${glyphs.dot} ${labeled('SSH', auditRowState(row('C9'), {short: true}))}`;
	// Drawn whole or not at all, because row C9 shows it too.
	return [
		line(edge(frame.topLeft, frame.topRight)),
		...middle,
		line(bottom, styled('text.dim', lineWidth([bottom]) + cellWidth(both) <= width ? both : route)),
	];
}

/** `kubelets: ! static tokens on ━►`, with the long state if it fits. */
function spokeIn(name: string, row: AuditRow, {width, nameWidth}: {width: number; nameWidth: number}, glyphs: Glyphs): Span[] {
	const {strokes, arrow, failed, look} = glyphs;
	const glyph = row.verdict === 'warn' ? `${look} ` : row.verdict === 'fail' ? `${failed} ` : '';
	const textWidth = width - nameWidth - 4;
	const [state, short] = [false, true].map(isShort => `${glyph}${auditRowState(row, {short: isShort})}`) as [string, string];
	const lead = [
		{text: `${name}:`.padEnd(nameWidth)},
		styled(roleOf(row), truncateToCells(cellWidth(state) <= textWidth ? state : short, textWidth)),
	];
	const stroke = strokes[row.basis];
	return [...lead, styled(roleOf(row), ` ${stroke.repeat(Math.max(1, width - lineWidth(lead) - 2))}${arrow}`)];
}

/** `━ konnectivity ━ unverified ━► kubelets`: each stroke is the basis of the word after it. */
function spokeOut(name: string, row: AuditRow, route: AuditedLeg['route'] | null, {strokes, arrow, broke}: Glyphs): Span[] {
	const stroke = strokes[auditStateBasis(row)];
	const end = row.broken ? styled('state.failed', ` ${broke}`) : styled(roleOf(row), ` ${stroke}${arrow}`);
	const shownRoute =
		route !== null && ['konnectivity', 'direct', 'egress', 'egress-http-connect', 'ssh-tunnel'].includes(route.state)
			? [styled('route', `${strokes[route.basis]} ${routeName(route.state)} `)]
			: [];
	return [...shownRoute, styled(roleOf(row), `${stroke} ${auditRowState(row, {short: true})}`), end, {text: ` ${name}`}];
}

function roleOf({state, verdict}: AuditRow) {
	return tlsRoleOf(state) ?? verdictRole[verdict];
}

export const verdictRole: Readonly<Record<RowVerdict, Role>> = {
	pass: 'tls.verified',
	warn: 'level.warn',
	fail: 'state.failed',
	unknown: 'tls.unknown',
	'not-applicable': 'text.dim',
};
