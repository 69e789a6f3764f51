/** The path as one line. The stroke before each word is its basis. It shrinks in a fixed order and never loses the worst TLS state. */
import {describeEnd} from '../../report/descriptions/describe-path.ts';
import {isChecking, pathLineLegs, type PathLineLeg} from '../../evidence/path-line.ts';
import type {Basis, Path, RouteState, TlsState} from '../../evidence/evidence.ts';
import {routeName, tlsName} from '../../report/descriptions/describe-verdict.ts';
import type {ApiserverProcess} from '../frame/session-state.ts';
import type {Glyphs, Role} from './theme.ts';
import {lineWidth, styled, type Span} from './styled-line.ts';

export const tlsRole: Readonly<Record<TlsState, Role>> = {
	verified: 'tls.verified',
	enforced: 'tls.verified',
	unverified: 'tls.unverified',
	plain: 'tls.plain',
	refused: 'tls.refused',
	unknown: 'tls.unknown',
};

type Form = {
	direct: boolean;
	pod: boolean;
	replica: boolean;
	ends: boolean;
	names: boolean;
	leg1: 'way' | 'numbered' | 'none';
	route: 'long' | 'short' | 'none';
};

const whole: Form = {direct: true, pod: true, replica: true, ends: true, names: true, leg1: 'way', route: 'long'};
const narrow: Form = {...whole, direct: false, pod: false, replica: false, ends: false, route: 'short'};

const forms: readonly Form[] = [
	whole,
	{...whole, direct: false},
	{...whole, direct: false, pod: false},
	{...whole, direct: false, pod: false, replica: false},
	{...narrow, route: 'long'},
	narrow,
	{...narrow, leg1: 'numbered'},
	{...narrow, leg1: 'none', route: 'long'},
	{...narrow, leg1: 'none'},
	{...narrow, leg1: 'none', names: false},
	{...narrow, leg1: 'none', names: false, route: 'none'},
];

/** Leg 1 stays unless it is proven to be verified. */
const formsOfBoth: readonly Form[] = [
	...forms.filter(({leg1}) => leg1 !== 'none'),
	{...narrow, leg1: 'numbered', names: false},
	{...narrow, leg1: 'numbered', names: false, route: 'none'},
];

export function pathLineSpans(path: Path, width: number, glyphs: Glyphs, letter: string | null, ends?: string): Span[] {
	const [first] = pathLineLegs(path);
	const canDropFirst = first?.leg.tls.state === 'verified' && first.leg.tls.basis === 'proven' && !first.isBroken;
	let shortest: Span[] = [];
	for (const form of canDropFirst ? forms : formsOfBoth) {
		shortest = spell(path, {form, glyphs, letter, ends});
		if (lineWidth(shortest) <= width) {
			return shortest;
		}
	}

	return shortest;
}

/** Starts with the end time of an ended connection. */
export function pathLineSpansWithEndTime(path: Path, width: number, glyphs: Glyphs, letter: string | null, ends?: string): Span[] {
	const ended = describeEnd(path);
	return ended === ''
		? pathLineSpans(path, width, glyphs, letter, ends)
		: [styled('text.dim', `${ended}  `), ...pathLineSpans(path, width - ended.length - 2, glyphs, letter, ends)];
}

type Drawing = {form: Form; glyphs: Glyphs; letter: string | null; ends: string | undefined};

function spell(path: Path, drawing: Drawing): Span[] {
	const [first, second] = pathLineLegs(path);
	const {leg1} = drawing.form;
	return [
		...(first && leg1 !== 'none' ? firstLeg(first, drawing) : []),
		...(second ? [{text: {way: '', numbered: '  2 ', none: '2 '}[leg1]}, ...secondLeg(second, path, drawing)] : []),
	];
}

function firstLeg(line: PathLineLeg, {form, glyphs, letter}: Drawing): Span[] {
	if (form.leg1 === 'numbered') {
		return numberedLeg(line, glyphs);
	}

	const hub = `${line.end.text}${form.replica && letter !== null ? ` ${letter}` : ''}`;
	return [
		{text: form.ends ? 'you ' : ''},
		...legSpans(line, glyphs, {route: form.route, withDirect: form.direct}),
		{text: form.ends || form.names ? ` ${hub} ` : ' '},
	];
}

function secondLeg(line: PathLineLeg, {target: {kind, name, container}}: Path, {form, glyphs, ends}: Drawing): Span[] {
	const end = ends ?? (form.ends ? line.end.text : line.end.short);
	const hasPod = form.pod && form.names && !line.isBroken && line.leg.to === 'kubelet' && kind !== 'Node' && ends === undefined;
	return [
		...legSpans(line, glyphs, {route: form.route, withDirect: true}),
		{text: form.names && end !== '' ? ` ${end}` : ''},
		...(hasPod
			? [styled('text.dim', ` ${glyphs.strokes.unseen}${glyphs.arrow} `), {text: container === null ? name : `${name}/${container}`}]
			: []),
	];
}

/** `1 ━ verified`, without arrow and far end. */
function numberedLeg({leg: {tls, route}, isBroken}: PathLineLeg, {strokes, broke}: Glyphs): Span[] {
	return [
		{text: '1 '},
		...(route.state === 'direct' || route.state === 'unknown'
			? []
			: [styled('route', `${strokes[route.basis]} ${routeName(route.state, {short: true})} `)]),
		styled(tlsRole[tls.state], `${strokes[tls.basis]} ${tlsName(tls.state)}`),
		...(isBroken ? [styled('state.failed', ` ${broke}`)] : []),
	];
}

function legSpans(
	{leg: {route, tls}, isBroken, unknown}: PathLineLeg,
	glyphs: Glyphs,
	{route: routeForm, withDirect}: {route: Form['route']; withDirect: boolean},
): Span[] {
	const stroke = (basis: Basis) => glyphs.strokes[basis];
	const end = (basis: Basis) => (isBroken ? styled('state.failed', ` ${glyphs.broke}`) : {text: ` ${stroke(basis)}${glyphs.arrow}`});
	if (unknown !== null) {
		return [styled('tls.unknown', `${stroke('unknown')} ${unknown}`), styled('tls.unknown', end('unknown').text)];
	}

	const spans: Span[] = [];
	if (routeForm !== 'none' && (route.state !== 'direct' || withDirect)) {
		spans.push(styled(routeRole(route.state), `${stroke(route.basis)} ${routeName(route.state, {short: routeForm === 'short'})} `));
	}

	const role = tlsRole[tls.state];
	spans.push(
		styled(role, `${stroke(tls.basis)} ${tlsName(tls.state)}`),
		isBroken ? styled('state.failed', ` ${glyphs.broke}`) : styled(role, end(tls.basis).text),
	);
	return spans;
}

export function tlsRoleOf(state: string): Role | undefined {
	return Object.hasOwn(tlsRole, state) ? tlsRole[state as TlsState] : undefined;
}

export function routeRole(state: RouteState): Role {
	return state === 'unknown' ? 'tls.unknown' : 'route';
}

export function pathBadge(path: Path, glyphs: Glyphs, {short = false}: {short?: boolean} = {}): Span[] {
	const leg = path.legs[1];
	if (!leg) {
		return [];
	}

	if (leg.tls.state === 'unknown' && leg.route.state === 'unknown') {
		return [styled('tls.unknown', `${glyphs.strokes.unknown}${path.unused ? 'not used' : isChecking(path) ? 'checking' : 'unknown'}`)];
	}

	return [
		styled(
			routeRole(leg.route.state),
			`${glyphs.strokes[leg.route.basis]}${routeName(leg.route.state, {short: short || leg.route.state !== 'konnectivity'})} `,
		),
		styled(tlsRole[leg.tls.state], `${glyphs.strokes[leg.tls.basis]}${tlsName(leg.tls.state)}`),
	];
}

/** Letters follow the order of first use in each cluster. A single process needs none. */
export function replicaLetter(
	processes: readonly ApiserverProcess[],
	{cluster, process: {id}}: Pick<Path, 'cluster' | 'process'>,
): string | null {
	const known = processes.filter(({context}) => context === cluster.context);
	const at = known.length < 2 || id === null ? -1 : known.findIndex(one => one.id === id);
	return at < 0 ? null : String.fromCodePoint(0x61 + (at % 26));
}
