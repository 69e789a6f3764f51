/** The glyphs of the screen. Each is one cell wide, none is an emoji. */
import {asciiFallbacks, showsUnicode} from '../../text/terminal-charset.ts';

export type Glyphs = {
	strokes: {proven: string; inferred: string; unknown: string; unseen: string};
	upright: {proven: string; inferred: string; unknown: string; unseen: string};
	arrow: string;
	arrowDown: string;
	broke: string;
	open: string;
	working: string;
	stopped: string;
	failed: string;
	look: string;
	paused: string;
	passed: string;
	cursor: string;
	cursorElsewhere: string;
	marked: string;
	chooseLeft: string;
	chooseRight: string;
	caret: string;
	rule: string;
	tabLeft: string;
	tabRight: string;
	upRule: string;
	edge: {window: string; rest: string; error: string; warn: string; match: string; gap: string};
	frame: {topLeft: string; topRight: string; bottomLeft: string; bottomRight: string; side: string; along: string};
	dot: string;
	more: string;
	newLine: string;
	to: string;
	into: string;
	spark: readonly string[];
};

export const unicodeGlyphs: Glyphs = {
	strokes: {proven: '━', inferred: '╍', unknown: '┈', unseen: '─'},
	upright: {proven: '┃', inferred: '╏', unknown: '┊', unseen: '│'},
	arrow: '►',
	arrowDown: '▼',
	broke: '✗',
	open: '●',
	working: '◐',
	stopped: '○',
	failed: '✗',
	look: '!',
	paused: '‖',
	passed: '✓',
	cursor: '▸',
	cursorElsewhere: '▹',
	marked: '◆',
	chooseLeft: '◂',
	chooseRight: '▸',
	caret: '▏',
	rule: '─',
	tabLeft: '┤',
	tabRight: '├',
	upRule: '│',
	edge: {window: '┃', rest: '│', error: 'e', warn: 'w', match: '•', gap: '≈'},
	frame: {topLeft: '╭', topRight: '╮', bottomLeft: '╰', bottomRight: '╯', side: '│', along: '─'},
	dot: '·',
	more: '…',
	newLine: '⏎',
	to: '→',
	into: '›',
	spark: ['▁', '▂', '▃', '▄', '▅', '▆', '▇'],
};

export const asciiGlyphs: Glyphs = {
	strokes: {proven: '=', inferred: '~', unknown: '.', unseen: '-'},
	upright: {proven: '|', inferred: ':', unknown: '.', unseen: "'"},
	arrow: '>',
	arrowDown: 'v',
	broke: 'x',
	open: '*',
	working: '%',
	stopped: 'o',
	failed: 'x',
	look: '!',
	paused: '=',
	passed: '+',
	cursor: '>',
	cursorElsewhere: '.',
	marked: '&',
	chooseLeft: '<',
	chooseRight: '>',
	caret: '_',
	rule: '-',
	tabLeft: '[',
	tabRight: ']',
	upRule: '|',
	edge: {window: '#', rest: '|', error: 'e', warn: 'w', match: '.', gap: '~'},
	frame: {topLeft: '+', topRight: '+', bottomLeft: '+', bottomRight: '+', side: '|', along: '-'},
	dot: '|',
	more: '$',
	newLine: '\\n',
	to: '>',
	into: '/',
	spark: ['_', '.', '-', '=', '+', '*', '#'],
};

/** For a screen reader: glyphs are not read, because words say the same, and a separator is a comma. */
export const readerGlyphs: Glyphs = {
	...(JSON.parse(JSON.stringify(unicodeGlyphs), (_, glyph: unknown) => (typeof glyph === 'string' ? '' : glyph)) as Glyphs),
	dot: ',',
	more: unicodeGlyphs.more,
	newLine: ',',
	to: 'to',
};

export function chooseGlyphs(env: NodeJS.ProcessEnv, platform: string): Glyphs {
	return showsUnicode(env, platform) ? unicodeGlyphs : asciiGlyphs;
}

/** Glyphs in texts of spoke, one cell each. */
const spelled: Readonly<Record<string, string>> = {
	...asciiFallbacks,
	...Object.fromEntries(
		(
			[
				'passed',
				'failed',
				'open',
				'working',
				'stopped',
				'marked',
				'cursor',
				'rule',
				'upRule',
				'caret',
				'arrow',
				'dot',
				'more',
				'to',
				'into',
			] as const
		).map(name => [unicodeGlyphs[name], asciiGlyphs[name]]),
	),
	...Object.fromEntries(
		(['proven', 'inferred', 'unknown'] as const).map(basis => [unicodeGlyphs.strokes[basis], asciiGlyphs.strokes[basis]]),
	),
};

/** Keeps the width. Characters that are not glyphs of spoke stay. */
export function toAscii(text: string): string {
	return text.replaceAll(/[^\u0000-\u007F]/g, glyph => spelled[glyph] ?? glyph);
}
