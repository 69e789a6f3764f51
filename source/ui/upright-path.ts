/** The path to what is under the cursor, upright at the right of a list: from top to bottom, with what each word stands on. */
import {failedLeg} from '../evidence/failed-leg.ts';
import type {Leg, Path} from '../evidence/evidence.ts';
import {sanitizeLine} from '../text/sanitize-line.ts';
import {routeName} from '../state/route-name.ts';
import {wrapWords} from './chrome.ts';
import {evidenceWords} from './evidence-words.ts';
import {brokenWords, factColumn, isNothingHere, isRefused, nothingHere, pathFacts, pathTitle, processWords, unreadWord, unreadWords, wayOfProxy, type Fact} from './path-facts.ts';
import type {Glyphs} from './glyphs.ts';
import {farName, hubWord, replicaLetter, routeRole, tlsRole, tlsWord} from './path-words.ts';
import type {Screen} from './screen.ts';
import {sessionWords} from './session-words.ts';
import {fillUp, line, of, type Line, type Span} from './styled-line.ts';

/** What stands on one row behind the edge. */
type Row = ReadonlyArray<string | Span>;

/** `rows` lines of `width` cells. */
export function uprightPath(screen: Screen, path: Path | null, subject: string, rows: number, width: number): Line[] {
	const {theme: {glyphs}} = screen;
	const edge = of('rule', glyphs.upRule);
	const put = (row: Row) => line(edge, ' ', ...row);
	const head: readonly Row[] = [[of('title', 'Path'), of('text.dim', pathTitle(path, subject).slice('Path'.length))], ['']];
	return fillUp([...head, ...path === null ? unreadRows(screen, width - 4) : pathRows(screen, path, width)].map(row => put(row)), rows, put(['']));
}

function unreadRows({state, theme: {glyphs}}: Screen, room: number): readonly Row[] {
	const {cluster} = state;
	const you = [`you     ${cluster.user}`];
	if (cluster.reachable === 'no') {
		return [you, [' ', of('state.failed', `${glyphs.broke} broke here`)], ['apiserver']];
	}

	if (isNothingHere(state)) {
		return wrapWords(nothingHere, room).map(text => [of('text.dim', text)]);
	}

	return [
		you, [' ', cluster.legOne === null
			? of('tls.unknown', `${glyphs.upright.unknown} checking`)
			: of(tlsRole[cluster.legOne.tls], `${glyphs.upright.proven} ${cluster.legOne.tls}`)],
		[' ', of('tls.unknown', glyphs.arrowDown)], [hubWord(cluster.front)], [' ', of('tls.unknown', `${glyphs.upright.unknown} ${unreadWord(state)}`)],
		...isRefused(state) ? [[''], ...wrapWords(unreadWords(state), room).map(text => [of('text.dim', text)])] : [],
	];
}

function pathRows(screen: Screen, path: Path, width: number): readonly Row[] {
	const [first, second] = path.legs;
	const wide = factColumn(pathFacts(path));
	const factOf = ({verdict, word, role}: Fact) => factRows(screen, path, {verdict, word, role}, {wide, room: Math.max(10, width - wide - 17)});
	const fixes = path.findings.flatMap(({remedy}) => remedy === null ? [] : wrapWords(remedy, width - 4));
	return [
		[`you     ${screen.state.cluster.user}`],
		...first ? firstLeg(screen, path, first, factOf) : [],
		...second ? secondLeg(screen, path, second, {factOf, width}) : [],
		...second?.to === 'service' ? [[''], ...wrapWords(wayOfProxy, width - 4).map(text => [' ', of('text.dim', text)])] : [],
		...fixes.length > 0 ? [[''], [of('title', 'To fix')], ...fixes.map(text => [' ', text])] : [],
	];
}

type FactOf = (fact: Fact) => readonly Row[];

function firstLeg({state, theme: {glyphs}}: Screen, path: Path, {route, tls, to}: Leg, factOf: FactOf): readonly Row[] {
	const letter = replicaLetter(state.processes, path.process.id);
	const said = processWords(path, state.now);
	return [
		...route.state === 'direct' ? [] : factOf({verdict: route, word: routeName(route.state), role: 'route'}),
		...factOf({verdict: tls, word: tls.state, role: tlsRole[tls.state]}),
		arrowOf(path, 1, tls, glyphs),
		[`${hubWord(to)}${to === 'gateway' || letter === null ? '' : ` ${letter}`}`, of('text.dim', said === '' ? '' : `   ${said}`)],
	];
}

function secondLeg({state, theme: {glyphs}}: Screen, path: Path, leg: Leg, {factOf, width}: {factOf: FactOf; width: number}): readonly Row[] {
	const {route, tls, to, address} = leg;
	const {name, container} = path.target;
	return [
		...factOf({verdict: route, word: routeName(route.state), role: routeRole(route.state)}),
		...factOf({verdict: tls, word: tlsWord(tls.state), role: tlsRole[tls.state]}),
		arrowOf(path, 2, tls, glyphs),
		[`${to} ${farName(leg, path)}`.trim(), of('text.dim', address === null ? '' : `   ${address}`)],
		...brokenRows(path, state.now, width),
		...path.broken?.reason === 'no-node' ? [] : [[' ', of('text.dim', `${glyphs.upright.unseen} inside the node: not observed`)]],
		[container === null ? name : `${name}/${container}`],
	];
}

function brokenRows(path: Path, now: number, width: number): readonly Row[] {
	const broken = brokenWords(path, now);
	return broken ? wrapWords(`${broken.word}: ${sanitizeLine(broken.message)}`, width - 6).map(text => [' ', of('state.failed', text)]) : [];
}

function arrowOf(path: Path, leg: 1 | 2, {state}: Leg['tls'], {broke, arrowDown}: Glyphs): Row {
	return [' ', of(tlsRole[state], failedLeg(path) === leg ? broke : arrowDown)];
}

/** Its word, its basis, and beside them what it stands on, `room` cells wide. */
function factRows(screen: Screen, path: Path, {verdict, word, role}: Fact, {wide, room}: {wide: number; room: number}): readonly Row[] {
	const {theme: {glyphs}} = screen;
	const stroke = of(role, glyphs.upright[verdict.basis]);
	const [first = '', ...rest] = fewRows(evidenceWords(path, verdict, room * mostRows, text => sessionWords(screen, text)), room, glyphs.more);
	return [
		[' ', stroke, ' ', of(role, word.padEnd(wide)), of('text.dim', verdict.basis.padEnd(9)), ' ', first],
		...rest.map(text => [' ', stroke, ' '.repeat(wide + 11), text]),
	];
}

/** Of the words about one fact. */
const mostRows = 4;

function fewRows(words: string, room: number, more: string): readonly string[] {
	const all = wrapWords(words, room);
	return all.length > mostRows ? [...all.slice(0, mostRows - 1), `${all[mostRows - 1]!} ${more}`] : all;
}
