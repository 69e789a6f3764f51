/** Why: each leg with its verdicts, what was read, what it means, what would tell, what to run; the other side's own words whole. */
import {clockTime} from '../text/clock-time.ts';
import {fitToCells} from '../text/cell-width.ts';
import {sanitiseLine} from '../text/sanitise-line.ts';
import {needText} from '../output/path-report.ts';
import type {Evidence, Leg, Path, Verdict} from '../posture/evidence.ts';
import {actionRows} from '../actions/action-rows.ts';
import type {ErrorObject} from '../errors/spoke-error.ts';
import {legEnd} from '../output/leg-end.ts';
import type {SessionState, TextLine} from '../state/session-state.ts';
import {routeWord} from '../state/route-words.ts';
import {lookOf, wrappedLook, type TextLook} from '../state/text-look.ts';
import {whyPath, type WhyLayer} from '../state/why-path.ts';
import {datedLine, farName, replicaLetter, routeRole, tlsRole, tlsRoleOf, tlsWord} from './path-words.ts';
import type {Screen} from './screen.ts';
import {sessionWords} from './session-words.ts';
import {line, of, type Line} from './styled-line.ts';
import {textRows, type TextRow} from './text-rows.ts';
import {pageOf} from './text-screen.ts';

const meanings: Readonly<Record<string, string>> = {
	verified: 'the certificate was checked and accepted',
	unverified: 'encrypted, but nobody checked who answers',
	plain: 'not encrypted',
	refused: 'checked, and not accepted',
	unknown: 'cannot be seen from here',
};

export function whyScreen(screen: Screen, layer: WhyLayer, rows: number): Line[] {
	const path = whyPath(screen.state, layer);
	return pageOf(screen, {title: 'Why', after: layer.about, right: path === null ? '' : `${path.about.replace('-', ' ')}, ${path.phase}`}, whyRows(screen, layer, lookOf(screen.state, layer)).map(row => row.line), layer.top, rows);
}

/** Wrapped, as it is read aloud. */
export function whyBody(screen: Screen, layer: WhyLayer): Line[] {
	return whyRows(screen, layer, wrappedLook).map(row => row.line);
}

/** The path as a line and a table, then verdict by verdict what it stands on. */
export function whyRows(screen: Screen, layer: WhyLayer, look: TextLook): TextRow[] {
	const {state, theme: {glyphs}} = screen;
	const path = whyPath(state, layer);
	const head = path === null ? [] : [line(' ', datedLine(path, state.size.columns - 2, glyphs, replicaLetter(state.processes, path.process.id))), ...legTable(screen, path)];
	return [...head.map((one, index): TextRow => ({line: one, of: index - head.length, part: null})), ...textRows(screen, whyTexts(screen, layer), look)];
}

/** All below the table. */
export function whyTexts(screen: Screen, layer: WhyLayer): readonly TextLine[] {
	const {state, theme: {glyphs}} = screen;
	const path = whyPath(state, layer);
	return [
		...path === null && layer.error === null ? noPathWords(state, layer).map(text => ({text, role: 'text.dim'})) : [],
		...whyLines(path, layer.error ?? path?.error ?? null, glyphs.strokes, offHere(state, layer.error)).map(one => ({...one, text: sessionWords(screen, one.text)})),
	];
}

function noPathWords({dock}: SessionState, {entry, row}: WhyLayer): readonly string[] {
	if (row !== undefined) {
		return ['The path to it is not read yet: it stands here as soon as it is.'];
	}

	const note = dock.find(({id}) => id === entry)?.note ?? '';
	return [`No connection is open${note === '' ? '' : `: ${note}`}.`, 'Which way one goes is read as it opens.'];
}

/** Beside a right that is missing: what else is off in the same place, in the order of its actions. What is not named was allowed, or not asked. */
function offHere({refused}: SessionState, error: ErrorObject | null): TextLine[] {
	const off = error?.code === 'ERR_FORBIDDEN'
		? actionRows.flatMap(({id, label}) => id.startsWith('pods.') && refused.has(id) && error.message !== `off, ${refused.get(id)!}` ? [{label, why: refused.get(id)!}] : [])
		: [];
	return off.length === 0 ? [] : [{label: '  also off', text: off.map(({label, why}) => `${label}: ${why}`).join(' · ')}];
}

/** Cells of all columns but the first, and what stands around them. */
const tableRest = 51;

function legTable({theme: {glyphs}, state: {size}}: Screen, path: Path): Line[] {
	const wide = Math.max(14, Math.min(60, size.columns - tableRest));
	return [
		line(of('text.dim', `   ${'LEG'.padEnd(wide + 3)}${'TLS'.padEnd(14)}${'ROUTE'.padEnd(21)}READ AT`)),
		...path.legs.map(leg => {
			const name = leg.n === 1 ? `you → ${legEnd(leg)}` : `${leg.from} → ${leg.to} ${farName(leg, path)}`;
			return line(`   ${leg.n}  ${fitToCells(name, wide - 1)} `, of(tlsRole[leg.tls.state], `${glyphs.strokes[leg.tls.basis]}${tlsWord(leg.tls.state)}`.padEnd(14)), of(routeRole(leg.route.state), `${glyphs.strokes[leg.route.basis]}${routeWord(leg.route.state)}`.padEnd(21)), of('text.dim', readAt(path, leg)));
		}),
		line(of('text.dim', '   3  inside the node: not observed')),
	];
}

/** When the last of what stands behind a leg's words was read; `–` where nothing was. */
function readAt(path: Path, {tls, route}: Leg): string {
	const read = new Set([...tls.evidence, ...route.evidence]);
	const times = path.evidence.filter(({id}) => read.has(id)).map(({time}) => time).sort();
	return times.length === 0 ? '–' : clockTime(times.at(-1)!);
}

/** A leg that brought the apiserver's answer did not fail. */
function whereItFailed({code, leg}: ErrorObject): string {
	switch (code) {
		case 'ERR_FORBIDDEN':
		case 'ERR_CREDENTIALS': {
			return 'Refused by the apiserver';
		}

		case 'ERR_NOT_FOUND':
		case 'ERR_APISERVER_ANSWER': {
			return 'Answered by the apiserver';
		}

		default: {
			return leg === 0 ? 'Here' : `Leg ${leg} failed`;
		}
	}
}

/** The same as plain data, for copying and for the screen. */
export function whyLines(path: Path | null, error: ErrorObject | null, strokes: {proven: string; inferred: string; unknown: string}, besideError: readonly TextLine[] = []): TextLine[] {
	const lines: TextLine[] = [];
	if (error) {
		lines.push({text: whereItFailed(error), rule: true}, {text: error.message, role: 'state.failed'});
		if (error.text !== null) {
			lines.push({label: '  text', text: sanitiseLine(error.text)});
		}

		lines.push({label: '  code', text: error.code});
		if (error.remedy !== null) {
			lines.push({label: '  try', text: error.remedy, role: 'focus'});
		}

		lines.push(...besideError);
	}

	for (const leg of path?.legs ?? []) {
		lines.push({text: `Leg ${leg.n}: TLS`, rule: true}, ...verdictLines(path!, leg.tls, tlsWord(leg.tls.state), strokes, meanings[leg.tls.state]));
		if (leg.peer) {
			lines.push({label: '  peer', text: sanitiseLine(`${leg.peer.subject}, from ${leg.peer.issuer}, ${leg.peer.protocol}, until ${leg.peer.notAfter}`)});
		}

		lines.push({text: `Leg ${leg.n}: route`, rule: true}, ...verdictLines(path!, leg.route, routeWord(leg.route.state), strokes, leg.route.via === null ? undefined : `by way of ${leg.route.via}`));
		if (leg.route.agent !== null) {
			lines.push({label: '  agent', text: sanitiseLine(leg.route.agent)});
		}
	}

	if (path) {
		lines.push({text: 'Taken together', rule: true}, ...verdictLines(path, path.crossing, path.crossing.state, strokes, path.crossing.why));
		for (const finding of path.findings) {
			lines.push({label: `  ${finding.row}`, text: sanitiseLine(finding.message), role: finding.severity === 'info' ? 'text.dim' : 'level.warn'});
			if (finding.remedy !== null) {
				lines.push({label: '  fix', text: sanitiseLine(finding.remedy), role: 'focus'});
			}
		}

		lines.push(...notReadLines(path), {text: 'Round trips', rule: true}, {text: tripWords(path) || noTrips(path), indent: 3});
		const {process} = path;
		lines.push({text: 'Read at', rule: true}, {
			indent: 3,
			text: process.id === null ? 'the apiserver process is not known' : `process ${process.id}, up since ${process.startTime ?? 'not known'}; ${process.boundBy === 'same-connection' ? 'read on this very connection' : process.boundBy === 'all-replicas-agree' ? 'all replicas read and agreed' : path.about === 'configuration' ? 'a new connection may end at another' : 'not bound to this connection'}${process.known === null ? '' : `; ${process.read} of ${process.known} replicas read`}`,
		});
	}

	return lines;
}

/** What this path says nothing of, each with the right that would tell. */
function notReadLines(path: Path): TextLine[] {
	const {process: {known, read, boundBy}} = path;
	const hasOthers = known !== null && boundBy !== 'all-replicas-agree' && known > read;
	const unknown = path.legs.flatMap(leg => ([['TLS', leg.tls], ['route', leg.route]] as const).filter(([, {state}]) => state === 'unknown').map(([what, {need, why}]): TextLine => ({
		label: `  leg ${leg.n}`, text: `${what}: ${sanitiseLine(need.length === 0 ? why ?? 'nothing would tell' : need.map(one => needText({...one, check: null})).join('; or '))}`,
	})));
	const hasAgent = path.legs.some(({route}) => route.state === 'konnectivity' && route.agent === null);
	const lines: TextLine[] = [
		...unknown,
		...hasAgent ? [{label: '  agent', text: 'which one carries it: get pods/proxy in kube-system, and the test'}] : [],
		...known === null ? [{label: '  others', text: 'how many apiservers there are; list leases in kube-system may tell'}] : [],
		...hasOthers ? [{label: '  others', text: `${read} of ${known} apiservers read; ${boundBy === 'same-connection' ? 'this connection uses one of them' : 'what is said here may not hold for the others'}`}] : [],
	];
	return lines.length === 0 ? [] : [{text: 'Not read', rule: true}, ...lines];
}

/** `4.0 ms to the end of the WebSocket · 11.0 ms to the runtime`, with `was` where nothing is open any more; empty where none was measured. */
export function tripWords({about, rttMs: {websocket, runtime}}: Path): string {
	const trips = [websocket === null ? null : `${websocket.toFixed(1)} ms to the end of the WebSocket`, runtime === null ? null : `${runtime.toFixed(1)} ms to the runtime`];
	const words = trips.filter(trip => trip !== null).join(' · ');
	return words !== '' && about === 'ended-connection' ? `was ${words}` : words;
}

function noTrips({about, feature}: Path): string {
	return about === 'configuration' ? 'nothing is open here yet; a forward shows two, a shell one' : feature === 'logs' ? 'a followed log has no ping, so there is none to show' : 'none measured';
}

function verdictLines(path: Path, verdict: Verdict<string>, word: string, strokes: {proven: string; inferred: string; unknown: string}, meaning: string | undefined): TextLine[] {
	const read = verdict.evidence.map(id => path.evidence.find(one => one.id === id)).filter((one): one is Evidence => one !== undefined);
	return [
		{text: `${strokes[verdict.basis]} ${verdict.state === 'unknown' ? word : `${word}, ${verdict.basis}`}`, role: tlsRoleOf(verdict.state) ?? 'route'},
		...read.map(({observed, where, time}): TextLine => ({label: '  read', text: sanitiseLine(`${observed}   ${where}, ${clockTime(time)}`)})),
		...meaning === undefined ? [] : [{label: '  so', text: meaning}],
		...verdict.need.map((need): TextLine => ({label: '  would tell', text: sanitiseLine(needText(need))})),
		...verdict.why !== undefined && verdict.why !== meaning ? [{label: '  because', text: sanitiseLine(verdict.why)}] : [],
	];
}
