/** The path at the right of a list, with evidence. */
import {farEndLabel, insideNode} from '../../descriptions/describe-path.ts';
import {failedLeg, hubName} from '../../evidence/path-line.ts';
import type {Leg, Path} from '../../evidence/evidence.ts';
import {sanitizeLine} from '../../text/sanitize-line.ts';
import {wrapToWidth} from '../kit/titled-rule.ts';
import {describeEvidence} from './describe-evidence.ts';
import {
	describeBrokenPath,
	verdictColumnWidth,
	isNothingSelected,
	isUnauthorized,
	nothingSelected,
	pathVerdicts,
	pathTitle,
	describeUptime,
	pendingLegName,
	describePendingLeg,
	routeEntry,
	tlsEntry,
	proxyPathNote,
	type VerdictEntry,
} from './path-verdicts.ts';
import type {Glyphs} from '../kit/glyphs.ts';
import {replicaLetter, tlsRole} from '../kit/path-line-spans.ts';
import type {RenderInput} from '../kit/render-input.ts';
import {toSessionAdvice} from '../kit/session-advice.ts';
import {padLines, line, styled, type Line, type Span} from '../kit/styled-line.ts';

type Row = ReadonlyArray<string | Span>;

export function verticalPath(screen: RenderInput, path: Path | null, subject: string, rows: number, width: number): Line[] {
	const {
		theme: {glyphs},
	} = screen;
	const edge = styled('rule', glyphs.upRule);
	const put = (row: Row) => line(edge, ' ', ...row);
	const head: readonly Row[] = [[styled('title', 'Path'), styled('text.dim', pathTitle(path, subject).slice('Path'.length))], ['']];
	return padLines(
		[...head, ...(path === null ? unreadRows(screen, width - 4) : pathRows(screen, path, width))].map(row => put(row)),
		rows,
		put(['']),
	);
}

function unreadRows({state, theme: {glyphs}}: RenderInput, room: number): readonly Row[] {
	const {cluster} = state;
	const you = [`you     ${cluster.user}`];
	if (cluster.reachable === 'no') {
		return [you, [' ', styled('state.failed', `${glyphs.broke} failed here`)], ['apiserver']];
	}

	if (isNothingSelected(state)) {
		return wrapToWidth(nothingSelected, room).map(text => [styled('text.dim', text)]);
	}

	return [
		you,
		[
			' ',
			cluster.legOne === null
				? styled('tls.unknown', `${glyphs.upright.unknown} checking`)
				: styled(tlsRole[cluster.legOne.tls], `${glyphs.upright.proven} ${cluster.legOne.tls}`),
		],
		[' ', styled('tls.unknown', glyphs.arrowDown)],
		[hubName(cluster.front)],
		[' ', styled('tls.unknown', `${glyphs.upright.unknown} ${pendingLegName(state)}`)],
		...(isUnauthorized(state) ? [[''], ...wrapToWidth(describePendingLeg(state), room).map(text => [styled('text.dim', text)])] : []),
	];
}

function pathRows(screen: RenderInput, path: Path, width: number): readonly Row[] {
	const [first, second] = path.legs;
	const wide = verdictColumnWidth(pathVerdicts(path));
	const factOf = (entry: VerdictEntry) => factRows(screen, path, entry, {wide, room: Math.max(10, width - wide - 17)});
	const fixes = path.findings.flatMap(({remedy}) => (remedy === null ? [] : wrapToWidth(remedy, width - 4)));
	return [
		[`you     ${screen.state.cluster.user}`],
		...(first ? firstLeg(screen, path, first, factOf) : []),
		...(second ? secondLeg(screen, path, second, {factOf, width}) : []),
		...(second?.to === 'service' ? [[''], ...wrapToWidth(proxyPathNote, width - 4).map(text => [' ', styled('text.dim', text)])] : []),
		...(fixes.length > 0 ? [[''], [styled('title', 'Fix')], ...fixes.map(text => [' ', text])] : []),
	];
}

type FactOf = (fact: VerdictEntry) => readonly Row[];

function firstLeg({state, theme: {glyphs}}: RenderInput, path: Path, leg: Leg, factOf: FactOf): readonly Row[] {
	const {route, tls, to} = leg;
	const letter = replicaLetter(state.processes, path.process.id);
	const said = describeUptime(path, state.now);
	return [
		...(route.state === 'direct' ? [] : factOf(routeEntry(leg))),
		...factOf(tlsEntry(leg)),
		arrowOf(path, 1, tls, glyphs),
		[`${hubName(to)}${to === 'gateway' || letter === null ? '' : ` ${letter}`}`, styled('text.dim', said === '' ? '' : `   ${said}`)],
	];
}

function secondLeg(
	{state, theme: {glyphs}}: RenderInput,
	path: Path,
	leg: Leg,
	{factOf, width}: {factOf: FactOf; width: number},
): readonly Row[] {
	const {tls, to, address} = leg;
	const {kind, name, container} = path.target;
	const inside: readonly Row[] =
		path.broken?.reason === 'no-node' ? [] : [[' ', styled('text.dim', `${glyphs.upright.unseen} ${insideNode}`)]];
	return [
		...factOf(routeEntry(leg)),
		...factOf(tlsEntry(leg)),
		arrowOf(path, 2, tls, glyphs),
		[`${to} ${farEndLabel(path, leg)}`.trim(), styled('text.dim', address === null ? '' : `   ${address}`)],
		...brokenRows(path, state.now, width),
		...(to === 'kubelet' && kind !== 'Node' ? [...inside, [container === null ? name : `${name}/${container}`]] : []),
	];
}

function brokenRows(path: Path, now: number, width: number): readonly Row[] {
	const broken = describeBrokenPath(path, now);
	return broken
		? wrapToWidth(`${broken.word}: ${sanitizeLine(broken.message)}`, width - 6).map(text => [' ', styled('state.failed', text)])
		: [];
}

function arrowOf(path: Path, leg: 1 | 2, {state}: Leg['tls'], {broke, arrowDown}: Glyphs): Row {
	return [' ', styled(tlsRole[state], failedLeg(path) === leg ? broke : arrowDown)];
}

function factRows(
	screen: RenderInput,
	path: Path,
	{verdict, word, role}: VerdictEntry,
	{wide, room}: {wide: number; room: number},
): readonly Row[] {
	const {
		theme: {glyphs},
	} = screen;
	const stroke = styled(role, glyphs.upright[verdict.basis]);
	const [first = '', ...rest] = fewRows(
		describeEvidence(path, verdict, room * maxRows, text => toSessionAdvice(screen, text)),
		room,
		glyphs.more,
	);
	return [
		[' ', stroke, ' ', styled(role, word.padEnd(wide)), styled('text.dim', verdict.basis.padEnd(9)), ' ', first],
		...rest.map(text => [' ', stroke, ' '.repeat(wide + 11), text]),
	];
}

/** Rows of evidence per verdict. */
const maxRows = 4;

function fewRows(words: string, room: number, more: string): readonly string[] {
	const all = wrapToWidth(words, room);
	return all.length > maxRows ? [...all.slice(0, maxRows - 1), `${all[maxRows - 1]!} ${more}`] : all;
}
