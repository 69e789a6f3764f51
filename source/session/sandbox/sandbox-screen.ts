/** The sandbox view. */
import {cellWidth, fitToCells} from '../../text/cell-width.ts';
import {titledRule} from '../kit/titled-rule.ts';
import type {RenderInput} from '../kit/render-input.ts';
import {padLines, line, styled, type Line} from '../kit/styled-line.ts';

export function sandboxScreen(screen: RenderInput, rows: number): Line[] {
	const {
		state: {sandboxSwitches, sandboxCursor, sandboxLog, size},
		theme: {glyphs},
	} = screen;
	const labelWidth = Math.min(33, Math.max(8, ...sandboxSwitches.map(({label}) => cellWidth(label))) + 1);
	// As wide as the longest value, so that a change moves nothing.
	const valueWidth = Math.max(8, ...sandboxSwitches.flatMap(({values}) => values.map(value => cellWidth(value)))) + 5;
	const head = (title: string) =>
		line(
			styled('text.dim', `   ${fitToCells(title, labelWidth + 1)}${fitToCells('VALUE', valueWidth)}${size.columns >= 70 ? 'EFFECT' : ''}`),
		);
	const switches = sandboxSwitches.map((sandboxSwitch, index): Line => {
		const isAt = index === sandboxCursor;
		return {
			spans: [
				{text: ' '},
				isAt ? styled('focus', glyphs.cursor) : {text: ' '},
				{text: ` ${fitToCells(sandboxSwitch.label, labelWidth)} `},
				styled('focus', `${glyphs.chooseLeft} `),
				{text: fitToCells(`${sandboxSwitch.values[sandboxSwitch.at] ?? ''} ${glyphs.chooseRight}`, valueWidth - 2)},
				styled('text.dim', sandboxSwitch.effect),
			],
			...(isAt && {ground: 'selection' as const}),
		};
	});
	const faultsFrom = sandboxSwitches.findIndex(({fault}) => fault);
	const hasRoom = rows >= switches.length + 7;
	// With too few rows, keep the selected row and the last event visible.
	const most = Math.max(1, rows - 2 - Math.min(1, sandboxLog.length));
	const from = Math.max(0, Math.min(sandboxCursor - Math.floor(most / 2), switches.length - most));
	const below = Math.max(0, switches.length - from - most);
	const above = [from === 0 ? 'SWITCH' : `${from} above`, ...(below > 0 ? [`${below} below`] : [])].join(', ');
	const lead = line(' ', 'This cluster runs inside spoke. What you see here does not apply to a real cluster.');
	const listed = hasRoom
		? [lead, head('SWITCH'), ...switches.slice(0, faultsFrom), head('FAULT'), ...switches.slice(faultsFrom)]
		: [head(above), ...switches.slice(from, from + most)];
	const happened =
		sandboxLog.length === 0
			? [line(' ', styled('text.dim', 'No events yet: choose a value and apply it.'))]
			: sandboxLog.toReversed().map(text => line('   ', text));
	return padLines(
		[...listed, titledRule(screen, 'Events', {right: hasRoom ? '' : (sandboxSwitches[sandboxCursor]?.effect ?? '')}), ...happened],
		rows,
	);
}
