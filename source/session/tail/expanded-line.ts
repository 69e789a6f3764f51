/** The expanded line of a tail. */
import {allJsonFields, type JsonField} from './json-fields.ts';
import type {TailLine} from './line-buffer.ts';
import type {TailView} from './tail-view.ts';
import {formatNumber} from '../../text/format-number.ts';
import {sanitizeText} from '../../text/sanitize-line.ts';
import {titledRule, wrapToWidth} from '../kit/titled-rule.ts';
import type {Glyphs} from '../kit/glyphs.ts';
import {firstKey, type RenderInput} from '../kit/render-input.ts';
import {line, styled, type Line, type Span} from '../kit/styled-line.ts';

/** Takes at most half of the `room` rows. */
export function expandedLine(screen: RenderInput, view: TailView, room: number): Line[] {
	const layer = screen.state.layers.at(-1);
	const number = layer?.kind === 'tail' ? layer.line : null;
	const one = number === null ? null : view.buffer.line(number);
	if (number === null || one === null) {
		return [];
	}

	const most = Math.floor(room / 2);
	const {
		state: {size},
		theme: {glyphs},
	} = screen;
	const text = one.bytes.toString('utf8');
	const fields = allJsonFields(text);
	const close = firstKey(screen, 'line.close');
	const after = [view.sources[one.source]?.short ?? '', fields ? 'all fields' : `${formatNumber(one.bytes.length)} bytes`]
		.filter(part => part !== '')
		.join(', ');
	const head = titledRule(screen, `Line ${formatNumber(number + 1)}`, {focus: true, right: close === null ? '' : `${close} close`, after});
	const cursor = (index: number) => (index === view.lineField ? styled('focus', glyphs.cursor) : ' ');
	const rows =
		fields === null
			? textRows(text, size.columns).map((row, index) => line(' ', cursor(index), row))
			: fields.map((field, index) => line(' ', cursor(index), ' ', ...fieldSpans(field, glyphs)));
	const from = firstShown(view.lineField, rows.length, most - 1);
	return [head, ...rows.slice(from, from + most - 1)];
}

function fieldSpans({name, value, kind}: JsonField, {newLine}: Glyphs): Span[] {
	return [
		styled('json.key', `${sanitizeText(name)}: `),
		styled(
			kind === 'number' ? 'json.number' : 'json.string',
			sanitizeText(value).replaceAll('\n', () => ` ${newLine} `),
		),
	];
}

export function expandedLength({bytes}: TailLine, columns: number): number {
	const text = bytes.toString('utf8');
	return allJsonFields(text)?.length ?? textRows(text, columns).length;
}

function firstShown(cursor: number, length: number, most: number): number {
	return Math.max(0, Math.min(cursor - most + 2, length - most));
}

function textRows(text: string, columns: number): string[] {
	return wrapToWidth(sanitizeText(text), columns - 3);
}
