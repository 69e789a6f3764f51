/** The path as one line. The stroke before each word is its basis. It shrinks in a fixed order and never loses the worst TLS state. */
import {failedLeg, farEndName, hubName} from '../evidence/path-line.ts';
import type {Basis, Leg, Path, RouteState, TlsState} from '../evidence/evidence.ts';
import {routeName, tlsName} from '../descriptions/describe-verdict.ts';
import {clockTime} from '../text/format-time.ts';
import type {Glyphs} from './glyphs.ts';
import {lineWidth, styled, type Span} from './styled-line.ts';
import type {Role} from './theme.ts';

export const tlsRole: Readonly<Record<TlsState, Role>> = {
	verified: 'tls.verified',
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
	const first = path.legs[0];
	const mayDropFirst = first?.tls.state === 'verified' && first.tls.basis === 'proven';
	let shortest: Span[] = [];
	for (const form of mayDropFirst ? forms : formsOfBoth) {
		shortest = spell(path, {form, glyphs, letter, ends});
		if (lineWidth(shortest) <= width) {
			return shortest;
		}
	}

	return shortest;
}

/** Starts with the end time of an ended connection. */
export function endedPathLineSpans(path: Path, width: number, glyphs: Glyphs, letter: string | null, ends?: string): Span[] {
	const ended = describeEnd(path);
	return ended === ''
		? pathLineSpans(path, width, glyphs, letter, ends)
		: [styled('text.dim', `${ended}  `), ...pathLineSpans(path, width - ended.length - 2, glyphs, letter, ends)];
}

/** `ended 13:48:31`; empty for an open connection or a configuration. */
export function describeEnd({about, time}: Pick<Path, 'about' | 'time'>): string {
	return about === 'ended-connection' ? `ended ${clockTime(time)}` : '';
}

type Drawing = {form: Form; glyphs: Glyphs; letter: string | null; ends: string | undefined};

/** Draws nothing after a failed leg. */
function spell(path: Path, drawing: Drawing): Span[] {
	const [first, second] = path.legs;
	const broken = failedLeg(path);
	const {leg1} = drawing.form;
	const spans: Span[] = [];
	if (first && leg1 !== 'none') {
		spans.push(...firstLeg(first, drawing, {isBroken: broken === 1}));
		if (broken === 1) {
			return spans;
		}
	}

	if (second) {
		const number = {way: '', numbered: '  2 ', none: '2 '}[first ? leg1 : 'none'];
		spans.push({text: number}, ...secondLeg(second, path, drawing, broken));
	}

	return spans;
}

function firstLeg(leg: Leg, {form, glyphs, letter}: Drawing, {isBroken}: {isBroken: boolean}): Span[] {
	if (form.leg1 === 'numbered') {
		return numberedLeg(leg, glyphs, isBroken);
	}

	const words = legText(leg, glyphs, {route: form.route, withDirect: form.direct, isChecking: false, isBroken});
	const hub = `${hubName(leg.to)}${form.replica && letter !== null ? ` ${letter}` : ''}`;
	return [{text: form.ends ? 'you ' : ''}, ...words, {text: form.ends || form.names ? ` ${hub} ` : ' '}];
}

function secondLeg(leg: Leg, path: Path, {form, glyphs, ends}: Drawing, broken: number | null): Span[] {
	const {
		phase,
		target: {kind, name, container},
	} = path;
	const end = ends ?? endOf(leg, path, form);
	const hasPod = form.pod && form.names && broken === null && leg.to === 'kubelet' && kind !== 'Node' && ends === undefined;
	return [
		...legText(leg, glyphs, {route: form.route, withDirect: true, isChecking: phase === 'checking', isBroken: broken === 2}),
		{text: form.names && end !== '' ? ` ${end}` : ''},
		...(hasPod
			? [styled('text.dim', ` ${glyphs.strokes.unseen}${glyphs.arrow} `), {text: container === null ? name : `${name}/${container}`}]
			: []),
	];
}

/** `1 ━ verified`, without arrow and far end. */
function numberedLeg(leg: Leg, {strokes, broke}: Glyphs, isBroken: boolean): Span[] {
	const {tls, route} = leg;
	return [
		{text: '1 '},
		...(route.state === 'direct' || route.state === 'unknown'
			? []
			: [styled('route', `${strokes[route.basis]} ${routeName(route.state, {short: true})} `)]),
		styled(tlsRole[tls.state], `${strokes[tls.basis]} ${tlsName(tls.state)}`),
		...(isBroken ? [styled('state.failed', ` ${broke}`)] : []),
	];
}

export function farEndLabel(leg: Leg, {target, broken}: Path): string {
	return broken?.reason === 'no-node' ? '(no node yet)' : farEndName(leg, target);
}

function endOf(leg: Leg, path: Path, form: Form): string {
	const name = farEndName(leg, path.target);
	if (path.broken?.reason === 'no-node') {
		return form.ends ? 'no node yet' : 'no node';
	}

	return form.ends ? `${leg.to} ${name}`.trim() : name || leg.to;
}

function legText(
	{route, tls}: Leg,
	glyphs: Glyphs,
	{
		route: routeForm,
		withDirect,
		isChecking,
		isBroken,
	}: {
		route: Form['route'];
		withDirect: boolean;
		isChecking: boolean;
		isBroken: boolean;
	},
): Span[] {
	const stroke = (basis: Basis) => glyphs.strokes[basis];
	const end = (basis: Basis) => (isBroken ? styled('state.failed', ` ${glyphs.broke}`) : {text: ` ${stroke(basis)}${glyphs.arrow}`});
	if (tls.state === 'unknown' && route.state === 'unknown') {
		return [
			styled('tls.unknown', `${stroke('unknown')} ${isChecking ? 'checking' : 'unknown'}`),
			styled('tls.unknown', end('unknown').text),
		];
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
		return [styled('tls.unknown', `${glyphs.strokes.unknown}${path.phase === 'checking' ? 'checking' : 'unknown'}`)];
	}

	return [
		styled(
			routeRole(leg.route.state),
			`${glyphs.strokes[leg.route.basis]}${routeName(leg.route.state, {short: short || leg.route.state !== 'konnectivity'})} `,
		),
		styled(tlsRole[leg.tls.state], `${glyphs.strokes[leg.tls.basis]}${tlsName(leg.tls.state)}`),
	];
}

/** Letters follow the order of first use. */
export function replicaLetter(processes: readonly string[], id: string | null): string | null {
	const at = id === null ? -1 : processes.indexOf(id);
	return at < 0 ? null : String.fromCodePoint(0x61 + (at % 26));
}
