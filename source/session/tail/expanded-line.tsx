/** The expanded line of a tail. */
import {Box} from 'ink';
import type {ReactNode} from 'react';
import {readFields, type LineField} from '../../lines/line-fields.ts';
import type {TailLine} from './line-buffer.ts';
import {sourceName} from './tail-source.ts';
import type {TailView} from './tail-view.ts';
import {formatNumber} from '../../text/formats.ts';
import {sanitizeText} from '../../text/sanitize.ts';
import {wrapToWidth} from '../../text/wrap-to-width.ts';
import {line, spokenLines, styled, type Span} from '../kit/styled-line.ts';
import type {Glyphs} from '../kit/glyphs.ts';
import {firstKey, useScreenWith} from '../kit/screen-input.ts';
import {Rows} from '../kit/rows.tsx';
import {Rule} from '../kit/rule.tsx';

type ExpandedLineProps = {readonly line: TailLine; readonly view: TailView};

/** Takes at most half of the rows, and scrolls to its selected row. */
export function ExpandedLine({line: {number, source, bytes}, view}: ExpandedLineProps): ReactNode {
	const screen = useScreenWith('size');
	const {columns} = screen.state.size;
	const {glyphs} = screen.theme;
	const text = bytes.toString('utf8');
	const fields = readFields(text);
	const close = firstKey(screen, 'view.back');
	const origin = view.sources[source];
	const after = [origin ? sourceName(origin) : '', fields ? 'all fields' : `${formatNumber(bytes.length)} bytes`];
	const cursor = (index: number) => (index === view.lineField ? styled('focus', glyphs.cursor) : ' ');
	const lines =
		fields === null
			? textRows(text, columns).map((row, index) => line(' ', cursor(index), row))
			: fields.map((field, index) => line(' ', cursor(index), ' ', ...fieldSpans(field, glyphs)));
	return (
		<Box flexDirection="column" flexGrow={1} flexBasis={0} maxHeight={lines.length + 1}>
			<Rule
				title={`Line ${formatNumber(number + 1)}`}
				focus
				right={close === null ? '' : `${close} close`}
				after={after.filter(part => part !== '').join(', ')}
			/>
			<Rows
				draw={({rows}) => {
					const from = firstShown(view.lineField, lines.length, rows);
					return lines.slice(from, from + rows);
				}}
				read={({rows}) => spokenLines(lines.slice(view.lineField, view.lineField + rows))}
			/>
		</Box>
	);
}

function fieldSpans({name, value, kind}: LineField, {newLine}: Glyphs): Span[] {
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
	return readFields(text)?.length ?? textRows(text, columns).length;
}

function firstShown(cursor: number, length: number, most: number): number {
	return Math.max(0, Math.min(cursor - most + 2, length - most));
}

function textRows(text: string, columns: number): string[] {
	return wrapToWidth(sanitizeText(text), columns - 3);
}
