/** The path pane below a list. */
import type {Path} from '../../evidence/evidence.ts';
import {hubName} from '../../evidence/path-line.ts';
import {fitToCells} from '../../text/cell-width.ts';
import {sanitizeLine} from '../../text/sanitize-line.ts';
import {describeEvidence} from './describe-evidence.ts';
import {
	describeBrokenPath,
	verdictColumnWidth,
	isNothingSelected,
	nothingSelected,
	pathVerdicts,
	pendingLegName,
	describePendingLeg,
	type VerdictEntry,
} from './path-verdicts.ts';
import {pathLineSpansWithEndTime, replicaLetter, tlsRole} from '../kit/path-line-spans.ts';
import type {RenderInput} from '../kit/render-input.ts';
import {toSessionAdvice} from '../kit/session-advice.ts';
import {padLines, line, styled, type Line} from '../kit/styled-line.ts';

export function pathPane(screen: RenderInput, path: Path | null, rows: number, width: number): Line[] {
	const {
		state,
		theme: {glyphs},
	} = screen;
	if (path === null) {
		return padLines(
			isNothingSelected(state)
				? [line(' ', styled('text.dim', nothingSelected))]
				: [unreadLine(screen), line(' ', styled('text.dim', `  ${describePendingLeg(state)}`))],
			rows,
		);
	}

	const facts = pathVerdicts(path);
	const broken = brokenLines(screen, path, width);
	// With too few rows, show the failure first, then leg 2, which differs between targets.
	const room = rows - 1 - broken.length;
	const shown = room >= facts.length ? facts : facts.slice(facts.length - Math.max(0, room));
	return padLines(
		[
			line(' ', pathLineSpansWithEndTime(path, width - 2, glyphs, replicaLetter(state.processes, path.process.id))),
			...broken,
			...pathVerdictLines(screen, path, shown, width),
		],
		rows,
	);
}

function brokenLines({state}: RenderInput, path: Path, width: number): Line[] {
	const broken = describeBrokenPath(path, state.now);
	return broken
		? [line('   ', styled('state.failed', broken.word), '  ', fitToCells(sanitizeLine(broken.message), width - broken.word.length - 6))]
		: [];
}

function unreadLine({state, theme: {glyphs}}: RenderInput): Line {
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
		` ${hubName(cluster.front)} `,
		styled('tls.unknown', `${glyphs.strokes.unknown} ${pendingLegName(state)} ${glyphs.strokes.unknown}${glyphs.arrow}`),
		' kubelet',
	);
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
