/** One drawn log line. */
import {cellWidth, fitToCells} from '../../text/cell-width.ts';
import {sanitize} from '../../text/sanitize.ts';
import {readFieldLine, type FieldLine} from '../../lines/line-fields.ts';
import {levelNames} from '../../lines/line-level.ts';
import type {TailLine} from './line-buffer.ts';
import type {TailView} from './tail-view.ts';
import {formatNumber} from '../../text/formats.ts';
import type {Glyphs} from '../kit/glyphs.ts';
import {sgrSpans, styled, type Span} from '../kit/styled-line.ts';
import type {Role} from '../kit/theme.ts';

/** The expanded line shows all of a longer line. */
const maxDrawnBytes = 8192;

/** `lead` is time and name. */
export type LogLine = {lead: readonly Span[]; text: readonly Span[]};

export function logLine(view: TailView, line: TailLine, glyphs: Glyphs): LogLine {
	const source = view.sources[line.source];
	const spans: Span[] = [];
	if (view.times !== 'none' && !view.plain) {
		spans.push(styled('text.dim', `${formatLogTime(line.time, view.times)} `));
	}

	if (view.names !== 'none' && source && source.context !== null) {
		spans.push(styled('text.dim', `${fitToCells(source.shortContext, contextWidth(view))} `));
	}

	if (view.names !== 'none' && source && view.sources.length > 1) {
		const name = view.names === 'short' ? source.short : `${source.pod}/${source.container}`;
		spans.push(styled(`pod.${source.color}` as Role, `${name.padEnd(nameWidth(view))} `));
	}

	if (line.late && !view.plain) {
		const newest = newestBefore(view, line.number);
		spans.push(styled('gap', newest > line.time ? `late ${((newest - line.time) / 1000).toFixed(1)} s ` : 'late '));
	}

	const cut = line.bytes.length > maxDrawnBytes;
	const text = line.bytes.toString('utf8', 0, maxDrawnBytes);
	const json = view.json && !cut ? readFieldLine(text) : null;
	const rest = cut ? [styled('gap', ` first ${formatNumber(maxDrawnBytes)} of ${formatNumber(line.bytes.length)} bytes`)] : [];
	return {lead: spans, text: [...(json ? jsonSpans(json, view, glyphs) : textSpans(text, line)), ...rest]};
}

/** Time of the previous line that was not late. */
function newestBefore({buffer}: TailView, number: number): number {
	for (let before = number - 1; before >= buffer.first && before > number - 1000; before--) {
		const line = buffer.line(before)!;
		if (line.kind === 'text' && !line.late) {
			return line.time;
		}
	}

	return 0;
}

function contextWidth({sources}: TailView): number {
	const contexts = new Set(sources.map(({shortContext}) => shortContext));
	return Math.max(...[...contexts].map(context => cellWidth(context)));
}

function nameWidth(view: TailView): number {
	return Math.min(
		40,
		Math.max(
			...view.sources.map(source => (view.names === 'short' ? source.short.length : source.pod.length + source.container.length + 1)),
		),
	);
}

/** Formats the time in UTC: `14:02:07.882`, or with the date. */
export function formatLogTime(time: number, how: 'clock' | 'full' | 'none'): string {
	if (time === 0) {
		return how === 'full' ? ' '.repeat(24) : ' '.repeat(12);
	}

	const text = new Date(time).toISOString();
	return how === 'full' ? text : text.slice(11, 23);
}

function textSpans(text: string, line: TailLine): Span[] {
	const safe = sanitize(text, {colors: 'keep'})
		.replaceAll('\t', '  ')
		.replaceAll(/\r?\n$/g, '');
	return safe.includes('\u001B') ? sgrSpans(safe) : [styled(levelRoles[line.level], safe)];
}

/** Indexed by `LineLevel`. */
const levelRoles: ReadonlyArray<Role | undefined> = [undefined, 'text.dim', undefined, 'level.warn', 'level.error', 'level.error'];

function wordRole(word: string): Role | undefined {
	if (/err|fatal|panic|crit/.test(word)) {
		return 'level.error';
	}

	if (word.startsWith('warn')) {
		return 'level.warn';
	}

	return word === 'debug' || word === 'trace' ? 'text.dim' : undefined;
}

function jsonSpans(json: FieldLine, view: TailView, glyphs: Glyphs): Span[] {
	const level = (json.level ?? '').toLowerCase();
	const word = /^\d+$/.test(level) ? levelNames[Math.min(5, Math.max(1, Math.floor(Number(level) / 10) - 1))]! : level;
	const role = wordRole(word);
	const safe = (text: string) =>
		sanitize(text)
			.replaceAll(/\r?\n/g, () => ` ${glyphs.newLine} `)
			.replaceAll('\t', '  ');
	const chosen = view.fields.length > 0 ? view.fields.flatMap(name => json.fields.filter(field => field.name === name)) : json.fields;
	const hidden = json.fields.length - chosen.length;
	const spans: Span[] = [
		styled(
			role,
			`${safe(word || '-')
				.padEnd(5)
				.slice(0, 5)} `,
		),
		styled(role, safe(json.message ?? '').padEnd(chosen.length > 0 ? 22 : 0)),
	];
	for (const {name, value, kind} of chosen) {
		const shown = kind === 'string' && /[\s"=]/.test(value) ? JSON.stringify(safe(value)) : safe(value);
		spans.push(styled('json.key', `  ${safe(name)}=`), styled(kind === 'number' ? 'json.number' : 'json.string', shown));
	}

	return hidden > 0 ? [...spans, styled('text.dim', `  +${hidden}`)] : spans;
}
