/** The help page. */
import {tlsMeanings} from '../../report/descriptions/describe-verdict.ts';
import {contexts, contextStack} from '../actions/contexts.ts';
import {describeKeys, type KeyHint, formatKeys} from '../keymap/keymap.ts';
import {cellWidth, fitToCells, wrapToWidth} from '../../base/text/cell-width.ts';
import {line, spokenLines, styled, type Line, type Span} from '../kit/styled-line.ts';
import {tlsRole} from '../kit/path-line-spans.ts';
import type {ScreenWith} from '../kit/screen-input.ts';

export function helpBody(screen: ScreenWith<'size' | 'pageRows' | 'cluster' | 'hasScreenReader'>, context: string): Line[] {
	const {
		state: {size, pageRows, cluster, hasScreenReader},
		theme: {glyphs},
	} = screen;
	const {edge} = glyphs;
	const hints = describeKeys(
		screen.keymap,
		context,
		action => screen.hints.find(hint => hint.action === action)?.disabledReason ?? cluster.missingPermissions.get(action) ?? null,
	).filter(({keys, disabledReason: off}) => keys.length > 0 || off !== null);
	const groups = [...Map.groupBy(hints, hint => hint.context)];
	// A screen reader would read adjacent columns as one line.
	const columns = hasScreenReader ? 1 : columnsFor(size.columns, Math.max(...hints.map(({action}) => cellWidth(action.title))));
	const width = Math.floor((size.columns - 2) / columns);
	const keyWidth = Math.min(13, Math.max(8, ...hints.map(({keys}) => cellWidth(shownKeys(keys)))));
	const blocks = groups.map(([at, list], index) => [
		line(styled('title', (index === 0 ? 'current view' : contexts[at]!.title).toUpperCase())),
		...list.flatMap(hint => hintLines(hint, width - 1, keyWidth)),
	]);
	const legend = [
		line(''),
		line(styled('title', 'PATH LINE')),
		...(
			[
				['proven', 'no other explanation'],
				['inferred', 'others possible'],
				['unknown', 'not observed'],
				['unseen', 'leg 3: not examined'],
			] as const
		).flatMap(([basis, words]) => legendLines(glyphs.strokes[basis], basis === 'unseen' ? '' : basis, words, width - 1)),
		...[
			line('Stroke left of a state:'),
			line('its basis'),
			line(styled('state.failed', glyphs.broke), ' ends a failed leg'),
			line('apiserver a, b: replicas'),
		].map(unread),
		...(['verified', 'enforced', 'unverified', 'plain'] as const).map(word =>
			line(styled(tlsRole[word], fitToCells(word, 11)), tlsMeanings[word].short),
		),
		...[
			line(''),
			line(styled('title', 'GLYPHS')),
			line(`${glyphs.open} open     ${glyphs.working} in progress`),
			line(`${glyphs.stopped} stopped  ${glyphs.failed} failed`),
			line(`${glyphs.look} attention`),
			...(context === 'pods' ? [line('RST: restarts')] : []),
			...(contextStack(context).includes('tail')
				? [line('At the right edge:'), line(`${edge.error} error    ${edge.warn} warning`), line(`${edge.match} match    ${edge.gap} gap`)]
				: []),
		].map(unread),
		...filterLegend(screen, context),
		line(''),
		line(styled('title', 'CUSTOM KEYS')),
		line('spoke keys lists them,'),
		line('~/.config/spoke/'),
		line('keymap.yaml sets them'),
	];
	const all = [...blocks.flatMap((block, index) => (index === 0 ? block : [line(''), ...block])), ...legend];
	if (hasScreenReader) {
		return all.filter(one => spokenLines([one]) !== '');
	}

	const parts = splitIntoColumns(all, columns, Math.max(columns > 2 ? 0 : pageRows, Math.ceil(all.length / columns)));
	return Array.from({length: Math.max(...parts.map(part => part.length))}, (_, row) =>
		line(' ', ...parts.flatMap(part => cell(part[row], width - 1))),
	);
}

function filterLegend({keymap}: ScreenWith<never>, context: string): Line[] {
	const here = contextStack(context);
	const head = [line(''), line(styled('title', 'FILTERS'))];
	if (here.includes('list')) {
		return [...head, line('text  !exclude  ~regex'), line('-l app=web  labels'), line('!-l app=web  exclude')];
	}

	if (here.includes('tail')) {
		const regex = keymap.get('prompt')?.get('prompt.regex')?.sequences[0];
		return [...head, line('text  !exclude'), ...(regex === undefined ? [] : [line(`${formatKeys(regex)} while typing: regex`)])];
	}

	return [];
}

function withoutBlankTop(lines: readonly Line[]): readonly Line[] {
	return lines[0]?.spans.every(({text}) => text === '') ? lines.slice(1) : lines;
}

/** What a screen reader does not read. */
function unread(one: Line): Line {
	return {...one, label: ''};
}

/** Keeps a heading with its first entry, in longer columns if needed. */
function splitIntoColumns(all: readonly Line[], columns: number, perColumn: number): ReadonlyArray<readonly Line[]> {
	const parts: Array<readonly Line[]> = [];
	let rest = all;
	while (rest.length > 0) {
		const isHeadingLast = rest.length > perColumn && rest[perColumn - 1]!.spans.some(({role}) => role === 'title');
		const count = isHeadingLast ? perColumn - 1 : perColumn;
		parts.push(withoutBlankTop(rest.slice(0, count)));
		rest = rest.slice(count);
	}

	return parts.length > columns ? splitIntoColumns(all, columns, perColumn + 1) : parts;
}

/** As many as fit without cutting most titles. */
function columnsFor(width: number, longest: number): number {
	const most =
		[
			[150, 4],
			[76, 3],
			[50, 2],
		].find(([from]) => width >= from!)?.[1] ?? 1;
	const titleWidth = (columns: number) => Math.floor((width - 2) / columns) - 11;
	return most > 2 && titleWidth(most) < Math.min(longest, 22) ? most - 1 : most;
}

function legendLines(stroke: string, name: string, meaning: string, width: number): Line[] {
	const one = `${stroke} ${fitToCells(name, 9)} ${meaning}`;
	return cellWidth(one) <= width ? [line(one)] : [line(`${stroke} ${name}`), line(`  ${meaning}`)];
}

function shownKeys(keys: readonly string[]): string {
	return keys.slice(0, 3).join(' ') || '–';
}

function hintLines({action, keys, disabledReason: off}: KeyHint, width: number, keyWidth: number): Line[] {
	return [
		line(
			styled(off === null ? 'key' : 'text.dim', fitToCells(shownKeys(keys), keyWidth)),
			' ',
			off === null ? action.title : styled('text.dim', action.title),
		),
		...(off === null
			? []
			: wrapToWidth(`disabled: ${off}`, width - keyWidth - 1).map(text => line(styled('text.dim', `${' '.repeat(keyWidth + 1)}${text}`)))),
	];
}

function cell(one: Line | undefined, width: number): Span[] {
	let left = width;
	const spans = (one?.spans ?? []).map(span => {
		const text = cellWidth(span.text) > left ? fitToCells(span.text, Math.max(0, left)) : span.text;
		left -= cellWidth(text);
		return {...span, text};
	});
	return [...spans, {text: ' '.repeat(Math.max(0, left) + 1)}];
}
