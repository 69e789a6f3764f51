/** The path to what is under the cursor: the line, and one line a fact with its basis and evidence; below a list, or upright at its right. */
import type {Path, Verdict} from '../posture/evidence.ts';
import {listHere} from '../state/session-state.ts';
import {showAge} from '../text/show-age.ts';
import {routeWord} from '../state/route-words.ts';
import {evidenceWords} from './evidence-words.ts';
import {farName, hubWord, pathLine, replicaLetter, routeRole, tlsRole, tlsWord} from './path-words.ts';
import type {Screen} from './screen.ts';
import {sessionWords} from './session-words.ts';
import {line, of, type Line, type Span} from './styled-line.ts';
import type {Role} from './theme.ts';
import {wrapWords} from './chrome.ts';

type Fact = {word: string; role: Role; basis: string; verdict: Verdict<string>};

/** `rows` lines below a list. */
export function pathPane(screen: Screen, path: Path | null, rows: number, width: number): Line[] {
	if (path === null && nothingIsHere(screen)) {
		return fillUp([line(' ', of('text.dim', nothingHere))], rows);
	}

	if (path === null) {
		const says = screen.state.cluster.reachable === 'no' ? 'leg 2 is read once leg 1 is there' : 'leg 2 is read within 2 s of the first connection';
		return fillUp([unreadLine(screen), ...rows > 1 ? [line(' ', of('text.dim', `  ${says}`))] : []], rows);
	}

	const facts = pathFacts(path);
	// Where there is no room for all, leg 2 is what differs.
	const shown = rows > facts.length ? facts : facts.slice(1 - rows);
	return fillUp([line(' ', pathLine(path, width - 2, screen.theme.glyphs, replicaLetter(screen.state.processes, path.process.id))), ...rows > 1 ? factLines(screen, path, shown, width) : []], rows);
}

const nothingHere = 'Nothing is under the cursor: what is there shows its way here.';

/** A view that is read and has no row: no way is waited for. */
function nothingIsHere({state: {view, lists, forwards, cluster}}: Screen): boolean {
	if (cluster.reachable === 'no') {
		return false;
	}

	if (view === 'forwards') {
		return forwards.length === 0;
	}

	const list = listHere({view, lists});
	return list !== null && ['live', 'polling'].includes(list.phase.kind) && list.visible.length === 0;
}

function unreadLine({state: {cluster}, theme: {glyphs}}: Screen): Line {
	const {legOne} = cluster;
	const stroke = glyphs.strokes.proven;
	if (cluster.reachable === 'no') {
		return line(' you ', of('state.failed', `${stroke.repeat(3)}${glyphs.broke}`), ' apiserver');
	}

	const first = legOne === null ? of('tls.unknown', `${glyphs.strokes.unknown} checking ${glyphs.strokes.unknown}${glyphs.arrow}`) : of(tlsRole[legOne.tls], `${stroke} ${legOne.tls} ${stroke}${glyphs.arrow}`);
	return line(' you ', first, ` ${hubWord(cluster.front)} `, of('tls.unknown', `${glyphs.strokes.unknown} not read yet ${glyphs.strokes.unknown}${glyphs.arrow}`), ' kubelet');
}

/** A service has two ways: the proxy's is the one that a path shows. */
export function pathTitle(path: Path | null, subject: string): string {
	return `Path${path?.legs[1]?.to === 'service' ? ' of the proxy' : ''}${subject === '' ? '' : ` to ${subject}`}`;
}

/** One fact a line: its word, its basis, and what it stands on. */
export function factLines(screen: Screen, path: Path, facts: readonly Fact[], width: number): Line[] {
	const wide = Math.max(14, ...facts.map(({word}) => word.length + 1));
	return facts.map(({word, role, basis, verdict}) => line('   ', of(role, word.padEnd(wide)), of('text.dim', basis.padEnd(10)), evidenceWords(path, verdict, width - wide - 13, text => sessionWords(screen, text))));
}

/** Leg 1's TLS, then leg 2's route and TLS. */
export function pathFacts(path: Path): Fact[] {
	const [first, second] = path.legs;
	const facts: Fact[] = [];
	if (first) {
		facts.push({word: first.tls.state, role: tlsRole[first.tls.state], basis: first.tls.basis, verdict: first.tls});
	}

	if (second) {
		facts.push(
			{word: routeWord(second.route.state), role: routeRole(second.route.state), basis: second.route.basis, verdict: second.route},
			{word: tlsWord(second.tls.state), role: tlsRole[second.tls.state], basis: second.tls.basis, verdict: second.tls},
		);
	}

	return facts;
}

/** Of the words about one fact beside a list. */
const mostRows = 4;

/** The same upright, from top to bottom: `rows` lines of `width` cells. */
export function uprightPath(screen: Screen, path: Path | null, subject: string, rows: number, width: number): Line[] {
	const {theme: {glyphs}, state} = screen;
	const {cluster, processes} = state;
	const edge = of('rule', glyphs.upRule);
	const put = (...parts: ReadonlyArray<string | Span>) => line(edge, ' ', ...parts);
	const lines: Line[] = [put(of('title', 'Path'), of('text.dim', pathTitle(path, subject).slice('Path'.length))), put('')];
	lines.push(put(`you     ${cluster.user}`));
	if (path === null && cluster.reachable === 'no') {
		return fillUp([...lines, put(' ', of('state.failed', `${glyphs.broke} broke here`)), put('apiserver')], rows, put(''));
	}

	if (path === null && nothingIsHere(screen)) {
		return fillUp([...lines.slice(0, 2), ...wrapWords(nothingHere, width - 4).map(text => put(of('text.dim', text)))], rows, put(''));
	}

	if (path === null) {
		lines.push(put(' ', cluster.legOne === null ? of('tls.unknown', `${glyphs.upright.unknown} checking`) : of(tlsRole[cluster.legOne.tls], `${glyphs.upright.proven} ${cluster.legOne.tls}`)), put(' ', of('tls.unknown', glyphs.arrowDown)), put(hubWord(cluster.front)), put(' ', of('tls.unknown', `${glyphs.upright.unknown} not read yet`)));
		return fillUp(lines, rows, put(''));
	}

	const wide = Math.max(14, ...pathFacts(path).map(({word}) => word.length + 1));
	const fact = (verdict: Verdict<string>, word: string, role: Role) => {
		const room = Math.max(10, width - wide - 17);
		const whole = wrapWords(evidenceWords(path, verdict, room * mostRows, text => sessionWords(screen, text)), room);
		const why = whole.length > mostRows ? [...whole.slice(0, mostRows - 1), `${whole[mostRows - 1]!} ${glyphs.more}`] : whole;
		lines.push(put(' ', of(role, glyphs.upright[verdict.basis]), ' ', of(role, word.padEnd(wide)), of('text.dim', verdict.basis.padEnd(9)), ' ', why[0] ?? ''));
		lines.push(...why.slice(1).map(text => put(' ', of(role, glyphs.upright[verdict.basis]), ' '.repeat(wide + 11), text)));
	};

	const [first, second] = path.legs;
	if (first) {
		if (first.route.state !== 'direct') {
			fact(first.route, routeWord(first.route.state), 'route');
		}

		fact(first.tls, first.tls.state, tlsRole[first.tls.state]);
		lines.push(put(' ', of(tlsRole[first.tls.state], glyphs.arrowDown)));
		const letter = replicaLetter(processes, path.process.id);
		const known = path.process.known === null ? '' : `, ${path.process.read} of ${path.process.known} read`;
		lines.push(put(`${hubWord(first.to)}${first.to === 'gateway' || letter === null ? '' : ` ${letter}`}`, of('text.dim', path.process.startTime === null ? '' : `   up ${showAge(state.now - Date.parse(path.process.startTime))}${known}`)));
	}

	if (second) {
		fact(second.route, routeWord(second.route.state), routeRole(second.route.state));
		fact(second.tls, tlsWord(second.tls.state), tlsRole[second.tls.state]);
		lines.push(put(' ', of(tlsRole[second.tls.state], path.phase === 'failed' ? glyphs.broke : glyphs.arrowDown)), put(`${second.to} ${farName(second, path)}`.trim(), of('text.dim', second.address === null ? '' : `   ${second.address}`)));
		lines.push(put(' ', of('text.dim', `${glyphs.upright.unseen} inside the node: not observed`)), put(path.target.container === null ? path.target.name : `${path.target.name}/${path.target.container}`));
	}

	if (second?.to === 'service') {
		lines.push(put(''), ...wrapWords('This is the way of the proxy. Logs and forwards of a service go to the kubelet of one of its pods: that way stands at the pod.', width - 4).map(text => put(' ', of('text.dim', text))));
	}

	const fixes = path.findings.filter(({remedy}) => remedy !== null);
	if (fixes.length > 0) {
		lines.push(put(''), put(of('title', 'To fix')), ...fixes.flatMap(({remedy}) => wrapWords(remedy!, width - 4).map(text => put(' ', text))));
	}

	return fillUp(lines, rows, put(''));
}

function fillUp(lines: readonly Line[], rows: number, blank: Line = line('')): Line[] {
	return [...lines, ...Array.from({length: Math.max(0, rows - lines.length)}, () => blank)].slice(0, rows);
}
