/** A tail: title rule, lines with the map at their right edge, the path of its streams, its counters. */
import {worstPath} from '../state/connections.ts';
import {inNamespace} from '../state/in-namespace.ts';
import type {TailLine} from '../state/tail/line-buffer.ts';
import {allJsonFields} from '../state/tail/json-fields.ts';
import {countMatches} from '../state/tail/shown-matches.ts';
import {podCount, rateWords, shownLength, waiting, type TailView} from '../state/tail/tail-view.ts';
import {matchWords} from '../state/match-words.ts';
import {tailWindow, withCursorShown} from '../state/tail/tail-window.ts';
import {sanitise} from '../text/sanitise.ts';
import {counted, grouped} from '../text/grouped.ts';
import {titledRule, wrapWords} from './chrome.ts';
import {askedOfLines, emptyWords} from './empty-tail.ts';
import {withMatches} from './line-matches.ts';
import {logLine, showTime, type LogLine} from './log-line.ts';
import {pathLine, replicaLetter} from './path-words.ts';
import {firstKey, type Screen} from './screen.ts';
import type {Role} from './theme.ts';
import {clipSpans, line, lineWidth, of, spread, type Line, type Span} from './styled-line.ts';

/** Rows of the tail's own, besides header and footer. */
const tailChrome = 3;

/** All rows between header and footer. */
export function tailScreen(screen: Screen, view: TailView, rows: number): Line[] {
	const {state: {size, layers, dock, cluster}, theme: {glyphs}} = screen;
	const entry = dock.find(({id}) => id === view.id);
	// Pods of one name are in several contexts, and the header is of the one that is chosen now.
	const foreign = entry === undefined || entry.context === cluster.context ? '' : `on ${entry.context}`;
	const layer = layers.at(-1);
	const openLine = layer?.kind === 'tail' ? layer.line : null;
	const extra = [...sourceLine(screen, view), ...view.json ? [fieldsLine(screen, view)] : []];
	const detail = openLine === null ? [] : lineDetail(screen, view, openLine, Math.floor(rows / 2));
	const room = Math.max(1, rows - tailChrome - extra.length - detail.length);
	return [
		titledRule(screen, `Tail ${inNamespace(view.title, entry?.namespace ?? null, cluster.namespace)}`, {focus: openLine === null, after: [foreign, subtitle(screen, view)].filter(part => part !== '').join(` ${glyphs.dot} `), right: stateWords(screen, view)}),
		...extra,
		...linesPane(screen, view, room, size.columns),
		...detail,
		pathOf(screen, view),
		counters(screen, view),
	];
}

/** The view as it fits on the screen: how many rows its lines get, and the line under the cursor among them. */
export function fitTail(screen: Screen, view: TailView, rows: number): TailView {
	const windowRows = Math.max(1, rows - tailChrome - sourceLine(screen, view).length - (view.json ? 1 : 0));
	const room = screen.state.size.columns - (view.plain ? 0 : 2);
	const fitting = {...view, windowRows};
	return withCursorShown(fitting, windowRows, one => isWrapped(fitting, one) ? drawLine(screen, fitting, one, room).length : 1);
}

function subtitle({theme: {glyphs}}: Screen, view: TailView): string {
	const pods = podCount(view.sources);
	const names = new Set(view.sources.map(source => source.container));
	const containers = new Set(view.sources.map(({namespace, pod, container}) => `${namespace}/${pod}/${container}`));
	if (pods === 0) {
		return '';
	}

	const parts = [pods === 1 && !view.title.includes(' ') ? '' : counted(pods, 'pod'), names.size === 1 ? `${[...names][0]!}${ofContainers(view)}` : `${containers.size} containers`, view.json ? 'json' : '', view.since === 'tail' || view.previous ? '' : `since ${view.since}`, view.previous ? 'the log before' : ''];
	return parts.filter(part => part !== '').join(` ${glyphs.dot} `);
}

/** Which one is followed is one of several: the others are a key away. */
function ofContainers({sources}: TailView): string {
	const most = Math.max(0, ...sources.map(({besides = []}) => besides.length));
	return most === 0 ? '' : `, 1 of ${most + 1} containers`;
}

function stateWords({theme: {glyphs: {dot}}}: Screen, view: TailView): string {
	if (view.pausedAt !== null) {
		const {lines, errors} = waiting(view);
		return `paused ${dot} ${grouped(lines)} wait${errors === 0 ? '' : `, ${counted(errors, 'error')}`}`;
	}

	if (view.older.phase === 'reading') {
		return readingWords(view.older.read);
	}

	if (!view.follow) {
		const below = shownLength(view) - (tailWindow(view, view.windowRows, () => 1).above + view.windowRows);
		return `held ${dot} ${grouped(Math.max(0, below))} below`;
	}

	const note = view.phase !== 'following' ? view.note : view.rate === null ? '' : rateWords(view.rate);
	return `${view.phase}${note === '' ? '' : ` ${dot} ${note}`}`;
}

function sourceLine({state: {size}, theme: {glyphs}}: Screen, view: TailView): Line[] {
	if (size.columns < 110 || view.sources.length < 2) {
		return [];
	}

	return [line(' ', ...view.sources.slice(0, 12).flatMap((source): Span[] => [
		of(`pod.${source.colour}` as 'pod.1', source.short), {text: ' '},
		source.on ? of(source.state === 'open' ? 'state.open' : source.state === 'ended' ? 'state.stopped' : 'state.working', source.state === 'open' ? glyphs.open : source.state === 'ended' ? glyphs.stopped : glyphs.working) : of('text.dim', 'off'),
		of('text.dim', `${source.node === null ? '' : ` ${source.node}`}${source.note === '' ? '' : ` ${source.note}`}   `),
	]))];
}

function fieldsLine(screen: Screen, view: TailView): Line {
	const key = screen.hints.find(hint => hint.action.id === 'tail.fields')?.keys[0];
	return line(' ', of('text.dim', `fields: ${view.fields.length === 0 ? 'all' : view.fields.join(' ')}`), ...key === undefined ? [] : [of('key', `   ${key}`), of('text.dim', ' choose')]);
}

function linesPane(screen: Screen, view: TailView, rows: number, width: number): Line[] {
	const {theme: {glyphs}} = screen;
	const room = width - (view.plain ? 0 : 2);
	const read = new Map<number, LogLine>();
	const readLine = (one: TailLine): LogLine => {
		const known = read.get(one.number) ?? (one.kind === 'text' ? logLine(view, one, glyphs) : {lead: [], text: []});
		read.set(one.number, known);
		return known;
	};

	const heightOf = (one: TailLine) => isWrapped(view, one) ? drawLine(screen, view, one, room, readLine(one)).length : 1;
	const whole = tailWindow(view, rows, heightOf);
	const isTop = !view.follow && !view.plain && whole.above === 0 && whole.lines.length > 0 && rows > 2 && whole.lines.slice(0, -1).some(({number}) => number === view.cursor);
	const window = isTop ? tailWindow(view, rows - 1, heightOf) : whole;
	if (window.lines.length === 0) {
		return [...emptyWords(screen, view).flatMap(words => wrapWords(words, width - 2)).map(words => line(' ', of('text.dim', words))), ...Array.from({length: rows}, () => line(''))].slice(0, rows);
	}

	const out: DrawnRow[] = isTop ? [{line: line(of('gap', `${glyphs.rule}${glyphs.rule} ${olderWords(screen, view)} `)), of: null, isRule: true}] : [];
	const texts = withMatches(view, window.lines.map(one => readLine(one).text), view.follow ? -1 : window.lines.findIndex(({number}) => number === view.cursor));
	for (const [index, one] of window.lines.entries()) {
		const drawn = drawLine(screen, view, one, room, {...readLine(one), text: texts[index]!});
		out.push(...drawn.map(each => ({line: each, of: one, isRule: one.kind !== 'text' && drawn.length === 1})));
	}

	const shown = view.follow ? out.slice(-rows) : out.slice(0, rows);
	const total = window.above + window.lines.length + window.below;
	const thumb = Math.min(rows - 1, Math.floor(((view.follow ? total : window.above) / Math.max(1, total)) * rows));
	return Array.from({length: rows}, (_, index): Line => {
		const row = shown[index];
		if (view.plain) {
			return row?.line ?? line('');
		}

		return withEdge(screen, view, row ?? null, width, index === thumb ? glyphs.edge.window : glyphs.edge.rest);
	});
}

/** `isRule`: a rule goes on behind its words up to the edge. */
type DrawnRow = {line: Line; of: TailLine | null; isRule: boolean};

function withEdge({theme: {glyphs}}: Screen, view: TailView, row: DrawnRow | null, width: number, rest: string): Line {
	if (row === null) {
		return spread([], [of('rule', rest)], width);
	}

	const fill = row.isRule ? of('gap', glyphs.rule) : undefined;
	if (row.of === null) {
		return spread(row.line.spans, [of('gap', glyphs.edge.gap)], width, fill, glyphs.more);
	}

	const {number, level, kind} = row.of;
	const isMatch = view.searchIndex !== null && view.searchIndex.matches.at(view.searchIndex.matches.indexOf(number)) === number;
	const sign = kind !== 'text' ? of('gap', glyphs.edge.gap) : level >= 4 ? of('level.error', glyphs.edge.error) : isMatch ? of('mark', glyphs.edge.match) : level === 3 ? of('level.warn', glyphs.edge.warn) : of('rule', rest);
	const isCursor = !view.follow && number === view.cursor;
	const spreadLine = spread(row.line.spans, [sign], width, fill, glyphs.more);
	return isCursor ? {...spreadLine, ground: 'selection'} : spreadLine;
}

/** What we say ourselves is always whole, and so is what is there to be selected. */
function isWrapped({wrap, plain}: TailView, {kind}: TailLine): boolean {
	return wrap || plain || kind !== 'text';
}

/** The rows of one line: one, or with wrapping as many as it needs. */
function drawLine({theme: {glyphs}}: Screen, view: TailView, one: TailLine, room: number, {lead: before, text}: LogLine = logLine(view, one, glyphs)): Line[] {
	const isCursor = !view.follow && one.number === view.cursor;
	// The cursor's row has a ground of its own: a mark shows there, too.
	const lead = view.plain ? [] : [view.marked.has(one.number) ? of('mark', glyphs.marked) : isCursor ? of('focus', glyphs.cursor) : {text: ' '}];
	if (one.kind !== 'text') {
		const sign = lead.find(({text}) => text !== ' ');
		const words = `${one.time === 0 ? '' : `${showTime(one.time, 'clock').slice(0, 8)} `}${safe(one.bytes.toString('utf8'))}`;
		return wrapWords(words, Math.max(1, room - 4)).map((row, index) => index === 0 ? line(sign ?? of('gap', glyphs.rule), of('gap', `${glyphs.rule} ${row} `)) : line(of('gap', `   ${row} `)));
	}

	const spans = [...before, ...text];
	if (!isWrapped(view, one)) {
		return [{spans: clipSpans([...lead, ...view.left > 0 ? dropCells(spans, view.left) : spans], room, glyphs.more)}];
	}

	const out: Line[] = [];
	const indent = view.plain ? [] : [{text: ' '}];
	const width = room - indent.length;
	let rest: readonly Span[] = spans;
	while (lineWidth(rest) > width && out.length < 200) {
		const head = clipSpans(rest, width, '');
		const took = lineWidth(head);
		out.push({spans: [...out.length === 0 ? lead : indent, ...head]});
		rest = dropCells(rest, Math.max(1, took));
	}

	return [...out, {spans: [...out.length === 0 ? lead : indent, ...rest]}];
}

function dropCells(spans: readonly Span[], cells: number): Span[] {
	let left = cells;
	return spans.flatMap(span => {
		if (left <= 0) {
			return [span];
		}

		const characters = [...span.text];
		let at = 0;
		while (at < characters.length && left > 0) {
			left -= lineWidth([{text: characters[at]!}]);
			at++;
		}

		return at === characters.length ? [] : [{...span, text: characters.slice(at).join('')}];
	});
}

/** What stands before the first line: said where it would be. */
function olderWords(screen: Screen, {older: {phase, read, note}, buffer, since}: TailView): string {
	switch (phase) {
		case 'unread': {
			const key = screen.hints.find(hint => hint.action.id === 'tail.top')?.keys[0];
			return `older lines are not loaded${note === '' ? '' : `: ${note}`}${key === undefined ? '' : `   ${key} reads them`}`;
		}

		case 'reading': {
			return readingWords(read);
		}

		case 'full': {
			return note;
		}

		default: {
			return note !== '' ? note : since === 'head' && buffer.first > 0 ? `${grouped(buffer.first)} older lines were let go` : 'the first line: the server offers none older';
		}
	}
}

function readingWords(read: number): string {
	return `reading older lines, ${grouped(read)} so far`;
}

function pathOf(screen: Screen, view: TailView): Line {
	const {state: {dock, processes, size}, theme: {glyphs}} = screen;
	const entry = dock.find(one => one.id === view.id);
	const worst = worstPath(entry?.paths.values() ?? []);
	if (worst === null && (view.phase === 'failed' || view.phase === 'ended' || view.phase === 'waiting')) {
		return line(' ', of('tls.unknown', 'no connection is open'));
	}

	if (worst === null) {
		return line(' ', of('tls.unknown', `${glyphs.strokes.unknown} checking ${glyphs.strokes.unknown}${glyphs.arrow}  leg 2 settles within 2 s of the first connection`));
	}

	const nodes = [...new Set(view.sources.map(source => source.node).filter(node => node !== null))];
	const pods = podCount(view.sources);
	const ends = nodes.length > 1
		? nodes.length <= 4 ? `kubelets ${nodes.join(' ')}` : `${nodes.length} kubelets`
		: pods > 1 && nodes.length === 1 ? `kubelet ${nodes[0]!}, ${pods} pods` : undefined;
	return line(' ', pathLine(worst, size.columns - 2, glyphs, replicaLetter(processes, worst.process.id), ends));
}

function counters(screen: Screen, view: TailView): Line {
	const {buffer, counters: {reconnects, possibleGaps, restarts, json}} = view;
	const index = view.searchIndex;
	if (index?.problem ?? view.shownIndex?.problem) {
		return line(' ', of('notice.error', (index?.problem ?? view.shownIndex?.problem)!));
	}

	const match = index === null || view.search === null
		? []
		: [index.matches.length === 0 && index.scanned < buffer.end
			? `searching, ${grouped(index.scanned - buffer.first)} of ${grouped(buffer.end - buffer.first)}`
			: matchWords(countMatches(view))];
	const filter = view.shownIndex === null ? [] : [`${grouped(view.shownIndex.matches.length)} fit ${askedOfLines(view)}${view.matchesOnly ? '' : ' (all shown)'}`];
	const {lines, errors, warnings} = buffer.counts;
	const parts: CounterPart[] = [
		...[...match, ...filter].map((text): CounterPart => ({text, role: 'text.dim', isZero: false})),
		{text: view.follow || match.length === 0 ? counted(lines, 'line') : `line ${grouped(view.cursor + 1)} of ${grouped(buffer.end)}`, role: 'text.dim', isZero: false},
		...view.skews.slice(0, 2).map(({node, aheadMs}): CounterPart => ({text: `${node} clock ${aheadMs > 0 ? '+' : '-'}${(Math.abs(aheadMs) / 1000).toFixed(1)} s (inferred)`, role: 'level.warn', isZero: false})),
		{text: `${counted(errors, 'error')} ${counted(warnings, 'warning')}`, role: 'text.dim', isZero: errors + warnings === 0},
		...view.json ? [{text: `${grouped(json)} JSON`, role: 'text.dim', isZero: json === 0} as const] : [],
		{text: `${grouped(buffer.first)} let go`, role: 'text.dim', isZero: buffer.first === 0},
		{text: `${counted(restarts, 'restart')}${restarts > 0 ? logBeforeWords(screen, view) : ''}`, role: 'text.dim', isZero: restarts === 0},
		{text: counted(reconnects, 'reconnect'), role: 'text.dim', isZero: reconnects === 0},
		{text: counted(possibleGaps, 'possible gap'), role: 'text.dim', isZero: possibleGaps === 0},
	];
	return line(' ', ...fitParts(parts, screen.state.size.columns - 2, ` ${screen.theme.glyphs.dot} `));
}

/** While it waits to be started again, the log that is shown is the one before. */
function logBeforeWords({hints}: Screen, {phase, previous}: TailView): string {
	const key = phase === 'following' && !previous ? hints.find(hint => hint.action.id === 'tail.previous-log')?.keys[0] : undefined;
	return key === undefined ? '' : ` (${key} the log before)`;
}

type CounterPart = {text: string; role: Role; isZero: boolean};

/** Where there is no room for all, what counts nothing goes first. */
function fitParts(parts: readonly CounterPart[], width: number, between: string): Span[] {
	const length = (some: readonly CounterPart[]) => some.reduce((sum, {text}) => sum + text.length + between.length, -between.length);
	let kept = [...parts];
	for (const part of parts) {
		if (part.isZero && length(kept) > width) {
			kept = kept.filter(one => one !== part);
		}
	}

	return kept.flatMap(({text, role}, index) => [...index > 0 ? [of('text.dim', between)] : [], of(role, text)]);
}

/** All of one line below the others: its fields one by one, or its text wrapped. */
function lineDetail(screen: Screen, view: TailView, number: number, most: number): Line[] {
	const one = view.buffer.line(number);
	if (one === null) {
		return [];
	}

	const {state: {size}, theme: {glyphs}} = screen;
	const text = one.bytes.toString('utf8');
	const fields = allJsonFields(text);
	const close = firstKey(screen, 'line.close');
	const head = titledRule(screen, `Line ${grouped(number + 1)}`, {focus: true, right: close === null ? '' : `${close} closes`, after: [view.sources[one.source]?.short ?? '', fields ? 'all fields' : `${grouped(one.bytes.length)} bytes`].filter(part => part !== '').join(', ')});
	const rows = fields === null
		? detailRows(text, size.columns).map((row, index) => line(' ', index === view.lineField ? of('focus', glyphs.cursor) : ' ', row))
		: fields.map(({name, value, kind}, index) => line(' ', index === view.lineField ? of('focus', glyphs.cursor) : ' ', ' ', of('json.key', `${safe(name)}: `), of(kind === 'number' ? 'json.number' : 'json.string', safe(value).replaceAll('\n', () => ` ${glyphs.newLine} `))));
	const from = Math.max(0, Math.min(view.lineField - most + 3, rows.length - most + 1));
	return [head, ...rows.slice(from, from + most - 1)];
}

/** How many fields, or rows of text, an opened line has. */
export function detailLength({bytes}: TailLine, columns: number): number {
	const text = bytes.toString('utf8');
	return allJsonFields(text)?.length ?? detailRows(text, columns).length;
}

function detailRows(text: string, columns: number): string[] {
	return wrapWords(safe(text), columns - 3);
}

function safe(part: string): string {
	return sanitise(part).replaceAll('\t', '  ');
}
