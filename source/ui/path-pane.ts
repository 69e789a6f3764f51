/** The path to what is under the cursor, below a list: the line, and one line a fact with its basis and evidence. */
import type {Path} from '../evidence/evidence.ts';
import {fitToCells} from '../text/cell-width.ts';
import {sanitizeLine} from '../text/sanitize-line.ts';
import {evidenceWords} from './evidence-words.ts';
import {brokenWords, factColumn, isNothingHere, nothingHere, pathFacts, unreadWord, unreadWords, type Fact} from './path-facts.ts';
import {datedLine, hubWord, replicaLetter, tlsRole} from './path-words.ts';
import type {Screen} from './screen.ts';
import {sessionWords} from './session-words.ts';
import {fillUp, line, of, type Line} from './styled-line.ts';

/** `rows` lines below a list. */
export function pathPane(screen: Screen, path: Path | null, rows: number, width: number): Line[] {
	const {state, theme: {glyphs}} = screen;
	if (path === null) {
		return fillUp(isNothingHere(state)
			? [line(' ', of('text.dim', nothingHere))]
			: [unreadLine(screen), line(' ', of('text.dim', `  ${unreadWords(state)}`))], rows);
	}

	const facts = pathFacts(path);
	const broken = brokenLines(screen, path, width);
	// Where there is no room for all, leg 2 is what differs, and that it fails is what matters.
	const room = rows - 1 - broken.length;
	const shown = room >= facts.length ? facts : facts.slice(facts.length - Math.max(0, room));
	return fillUp([
		line(' ', datedLine(path, width - 2, glyphs, replicaLetter(state.processes, path.process.id))),
		...broken,
		...factLines(screen, path, shown, width),
	], rows);
}

function brokenLines({state}: Screen, path: Path, width: number): Line[] {
	const broken = brokenWords(path, state.now);
	return broken ? [line('   ', of('state.failed', broken.word), '  ', fitToCells(sanitizeLine(broken.message), width - broken.word.length - 6))] : [];
}

function unreadLine({state, theme: {glyphs}}: Screen): Line {
	const {cluster} = state;
	const {legOne} = cluster;
	const stroke = glyphs.strokes.proven;
	if (cluster.reachable === 'no') {
		return line(' you ', of('state.failed', `${stroke.repeat(3)}${glyphs.broke}`), ' apiserver');
	}

	const first = legOne === null
		? of('tls.unknown', `${glyphs.strokes.unknown} checking ${glyphs.strokes.unknown}${glyphs.arrow}`)
		: of(tlsRole[legOne.tls], `${stroke} ${legOne.tls} ${stroke}${glyphs.arrow}`);
	return line(
		' you ',
		first,
		` ${hubWord(cluster.front)} `,
		of('tls.unknown', `${glyphs.strokes.unknown} ${unreadWord(state)} ${glyphs.strokes.unknown}${glyphs.arrow}`),
		' kubelet',
	);
}

/** One fact a line: its word, its basis, and what it stands on. */
export function factLines(screen: Screen, path: Path, facts: readonly Fact[], width: number): Line[] {
	const wide = factColumn(facts);
	return facts.map(({word, role, verdict}) => line(
		'   ',
		of(role, word.padEnd(wide)),
		of('text.dim', verdict.basis.padEnd(10)),
		evidenceWords(path, verdict, width - wide - 13, text => sessionWords(screen, text)),
	));
}
