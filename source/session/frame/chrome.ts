/** Header, view tabs and footer. */
import {describeReplicas} from '../../descriptions/describe-path.ts';
import {hubName} from '../../evidence/path-line.ts';
import {footerHints} from '../../keymap/describe-keys.ts';
import {cellWidth, truncateToCells} from '../../text/cell-width.ts';
import {listKinds} from '../lists/list-kinds.ts';
import type {ListState} from '../lists/list-state.ts';
import {isAwaitingApiserver, type Message, type SessionState, type ViewName} from './session-state.ts';
import {clockTime} from '../../text/format-time.ts';
import {formatNumber} from '../../text/format-number.ts';
import {firstKey, type RenderInput} from '../kit/render-input.ts';
import {line, lineWidth, styled, spread, type Line, type Span} from '../kit/styled-line.ts';
import {tlsRole} from '../kit/path-line-spans.ts';

/** `… ada@corp ━ verified ━► apiserver (2 of 3 examined)`, or `… apiserver as of 14:03:07` when it has not responded since. */
export function header(screen: RenderInput): Line {
	const {
		state: {cluster, size},
		theme: {glyphs},
	} = screen;
	const location: Span[] = [
		styled('title', ' spoke'),
		{text: '  '},
		cluster.sandbox ? styled('sandbox', 'SANDBOX') : {text: cluster.context},
		styled('text.dim', ` ${glyphs.into} `),
		{text: cluster.namespace ?? 'all namespaces'},
	];
	if (size.columns < 60) {
		return spread(location.slice(2), [{text: ' '}, ...legOne(screen, false)], size.columns);
	}

	const version = size.columns >= 110 && cluster.version !== null && cluster.asOf === null ? ` ${cluster.version}` : '';
	const bare = [...legOne(screen, true), {text: version}];
	const spare = size.columns - lineWidth(location) - lineWidth(bare) - 2;
	const way = [...bare, styled('text.dim', replicasWithin(screen, spare)), {text: ' '}];
	const room = size.columns - lineWidth(location) - lineWidth(way) - 2;
	return spread(location, [{text: ' '}, ...userWithin(cluster.user, room), ...way], size.columns);
}

/** Shortened before the user is dropped, and dropped before context and namespace are cut. */
function replicasWithin({state: {cluster, size}}: RenderInput, room: number): string {
	const {asOf, replicas, user} = cluster;
	if (asOf !== null || replicas === null || size.columns < 76) {
		return '';
	}

	const {text, short = text} = describeReplicas(replicas);
	const fraction = `${replicas.read}/${replicas.known ?? '?'} examined`;
	const [long, medium, least] = [text, short, fraction].map(words => ` (${words})`) as [string, string, string];
	const withUser = [long, medium].find(words => cellWidth(words) + cellWidth(user) + 2 <= room);
	return withUser ?? (cellWidth(least) <= room ? least : '');
}

function userWithin(user: string, room: number): Span[] {
	if (cellWidth(user) <= room) {
		return [styled('text.dim', `${user} `)];
	}

	return room > 12 ? [styled('text.dim', `${truncateToCells(user, room - 1)} `)] : [];
}

function legOne({state: {cluster}, theme: {glyphs}}: RenderInput, long: boolean): Span[] {
	const hub = {text: long ? ` ${hubName(cluster.front)}` : ''};
	if (cluster.reachable === 'no') {
		return [styled('state.failed', `you ${glyphs.strokes.proven.repeat(3)}${glyphs.broke}`), {text: ` ${hubName(cluster.front)}`}];
	}

	if (cluster.legOne === null) {
		return [styled('tls.unknown', `${glyphs.strokes.unknown} connecting ${glyphs.strokes.unknown}${glyphs.arrow}`), hub];
	}

	const stroke = glyphs.strokes.proven;
	const {tls, route} = cluster.legOne;
	const asOf = cluster.asOf === null ? [] : [styled('notice.warn', ` as of ${clockTime(cluster.asOf)}`)];
	return [
		...(route === 'proxy' ? [styled('route', `${stroke} proxy `)] : []),
		styled(tlsRole[tls], `${long ? '' : '1 '}${stroke} ${tls}${long ? ` ${stroke}${glyphs.arrow}` : ''}`),
		hub,
		...asOf,
	];
}

const views: ReadonlyArray<readonly [ViewName, string, string]> = [
	['pods', 'Pods', 'Pods'],
	['workloads', 'Workloads', 'Work'],
	['services', 'Services', 'Svcs'],
	['nodes', 'Nodes', 'Nodes'],
	['forwards', 'Forwards', 'Fwds'],
	['proxy', 'Proxy', 'Proxy'],
	['audit', 'Audit', 'Audit'],
	['sandbox', 'Sandbox', 'Sandbox'],
];

/** A narrow screen drops counts, then shortens titles, then shows keys only. */
export function viewRule(screen: RenderInput, right = ''): Line {
	const {
		state,
		theme: {glyphs},
	} = screen;
	const width = state.size.columns;
	const shown = views.filter(([name]) => name !== 'sandbox' || state.cluster.sandbox);
	const note = right === '' ? [] : [styled('text.dim', ` ${right} `), styled('rule', glyphs.rule)];
	const room = width - lineWidth(note);
	const forms = [
		(name: ViewName, title: string) => `${title}${countOf(state, name)}`,
		(name: ViewName, title: string) => `${title}${name === state.view || name === 'forwards' ? countOf(state, name) : ''}`,
		(name: ViewName, title: string, short: string) =>
			name === state.view ? `${title}${countOf(state, name)}` : `${short}${name === 'forwards' ? countOf(state, name) : ''}`,
		(name: ViewName, title: string) => (name === state.view ? `${title}${countOf(state, name)}` : title.slice(0, 3)),
		(name: ViewName, title: string) => (name === state.view ? `${title}${countOf(state, name)}` : ''),
	].map(words =>
		shown.flatMap(([name, title, short]): Span[] => {
			const text = `${keyOfView(screen, name) ?? ''} ${words(name, title, short)}`.trim();
			return name === state.view
				? [styled('focus', `${glyphs.tabLeft}${text}${glyphs.tabRight}`), styled('rule', glyphs.rule)]
				: [{text}, styled('rule', glyphs.rule)];
		}),
	);
	const spans = [styled('rule', glyphs.rule), ...(forms.find(one => lineWidth(one) < room) ?? forms.at(-1)!)];
	return spread(spans, note, width, styled('rule', glyphs.rule));
}

function keyOfView(screen: RenderInput, name: ViewName): string | null {
	return screen.keymap.get('rows')?.get(`view.${name}`)?.sequences[0]?.join(' ') ?? firstKey(screen, `view.${name}`);
}

function countOf(state: SessionState, name: ViewName): string {
	if (name in listKinds) {
		return sizeOf(state.lists[name as keyof typeof state.lists]);
	}

	return name === 'forwards' && state.forwards.length > 0 ? ` ${state.forwards.length}` : '';
}

function sizeOf({phase, counted, total}: ListState): string {
	switch (phase.kind) {
		case 'failed': {
			return ' ?';
		}

		case 'idle': {
			return counted === null ? '' : ` ${formatNumber(counted)}`;
		}

		case 'reading': {
			return ` ${formatNumber(total)}…`;
		}

		default: {
			return ` ${formatNumber(total)}`;
		}
	}
}

/** Never drops the hints of commands and help. */
export function footer(screen: RenderInput): Line {
	const {state, hints} = screen;
	const width = state.size.columns - 1;
	if (state.pending !== null) {
		return pendingFooter(screen, state.pending);
	}

	// A form shows its keys in its frame.
	if (state.notice !== null && (state.overlay === null || state.overlay.kind === 'form')) {
		return noticeFooter(screen, state.notice);
	}

	const submit = state.overlay?.kind === 'form' ? state.overlay.submit : null;
	const top = state.layers.at(-1)?.kind;
	if (top === 'help') {
		return helpFooter(screen);
	}

	const all = footerHints(hints).map(hint => (hint.id === 'form.submit' && submit !== null ? {...hint, label: submit} : hint));
	const last = all.filter(({id}) => id === 'palette.open' || id === 'help.open');
	const room = width - widthOf(last) + 2;
	const isText = top !== undefined && top !== 'tail';
	const shown: Array<(typeof all)[number]> = [];
	for (const hint of all) {
		// Another namespace does not help while the apiserver does not respond.
		const isUseless = hint.id === 'namespace.pick' && isAwaitingApiserver(state);
		if (!last.includes(hint) && !isUseless && (hint.id !== 'view.back' || isText) && widthOf([...shown, hint]) <= room) {
			shown.push(hint);
		}
	}

	return line(
		' ',
		...[...shown, ...last].flatMap(({key, label, isDisabled: off}, index): Span[] => [
			{text: index === 0 ? '' : '  '},
			styled(off ? 'text.dim' : 'key', shownKey(key)),
			off ? styled('text.dim', ` ${label}`) : {text: ` ${label}`},
		]),
	);
}

function pendingFooter({hints, theme: {glyphs}}: RenderInput, pending: string): Line {
	const next = hints.flatMap(({keys, action}) =>
		keys.flatMap(key =>
			key.startsWith(`${pending} `) ? [styled('key', key.slice(pending.length + 1)), {text: ` ${action.label}  `}] : [],
		),
	);
	return line(' ', styled('key', pending), styled('text.dim', ` ${glyphs.more}  `), ...next);
}

const noticeRole = {error: 'notice.error', warn: 'notice.warn', plain: undefined} as const;

/** The messages show a notice that is cut here. */
function noticeFooter(screen: RenderInput, {text, role, hint}: Message): Line {
	const {columns} = screen.state.size;
	const messages = hint === '' && cellWidth(text) > columns - 1 ? firstKey(screen, 'messages.open') : null;
	const shownHint = messages === null ? hint : `${messages} full text`;
	return spread(
		[{text: ' '}, styled(noticeRole[role], text)],
		shownHint === '' ? [] : [{text: '  '}, styled('key', shownHint), {text: ' '}],
		columns,
	);
}

function helpFooter({hints}: RenderInput): Line {
	const turns = hints.flatMap(({action, keys}) =>
		action.id === 'text.down' || action.id === 'text.page-down' ? [styled('key', keys[0] ?? ''), {text: ` ${action.title}  `}] : [],
	);
	return line(' ', ...turns, {text: 'any other key closes'});
}

/** Quoted if it reads as punctuation between hints. */
function shownKey(key: string): string {
	return /^[,.;|]$/.test(key) ? `"${key}"` : key;
}

function widthOf(hints: ReadonlyArray<{key: string; label: string}>): number {
	return hints.reduce((sum, {key, label}) => sum + cellWidth(shownKey(key)) + cellWidth(label) + 3, 0);
}
