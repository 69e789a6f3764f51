/** The sandbox view: switches and faults with their effects, and the last events. */
import {cellWidth, fitToCells} from '../text/cell-width.ts';
import {titledRule} from './chrome.ts';
import type {RenderInput} from './render-input.ts';
import {padLines, line, styled, type Line} from './styled-line.ts';

export function sandboxScreen(screen: RenderInput, rows: number): Line[] {
	const {
		state: {sandboxKnobs, sandboxAt, sandboxLog, size},
		theme: {glyphs},
	} = screen;
	const labelWidth = Math.min(33, Math.max(8, ...sandboxKnobs.map(({label}) => cellWidth(label))) + 1);
	// As wide as the longest value, so that choosing one moves nothing.
	const valueWidth = Math.max(8, ...sandboxKnobs.flatMap(({values}) => values.map(value => cellWidth(value)))) + 5;
	const head = (title: string) =>
		line(
			styled('text.dim', `   ${fitToCells(title, labelWidth + 1)}${fitToCells('VALUE', valueWidth)}${size.columns >= 70 ? 'EFFECT' : ''}`),
		);
	const knobs = sandboxKnobs.map((knob, index): Line => {
		const isAt = index === sandboxAt;
		return {
			spans: [
				{text: ' '},
				isAt ? styled('focus', glyphs.cursor) : {text: ' '},
				{text: ` ${fitToCells(knob.label, labelWidth)} `},
				styled('focus', `${glyphs.chooseLeft} `),
				{text: fitToCells(`${knob.values[knob.at] ?? ''} ${glyphs.chooseRight}`, valueWidth - 2)},
				styled('text.dim', knob.effect),
			],
			...(isAt && {ground: 'selection' as const}),
		};
	});
	const faultsFrom = sandboxKnobs.findIndex(({fault}) => fault);
	const hasRoom = rows >= knobs.length + 7;
	// With too few rows, keep the selected row and the last event visible.
	const most = Math.max(1, rows - 2 - Math.min(1, sandboxLog.length));
	const from = Math.max(0, Math.min(sandboxAt - Math.floor(most / 2), knobs.length - most));
	const below = Math.max(0, knobs.length - from - most);
	const above = [from === 0 ? 'POSTURE' : `${from} above`, ...(below > 0 ? [`${below} below`] : [])].join(', ');
	const lead = line(' ', 'This cluster runs inside spoke. It tells you nothing about a real cluster.');
	const listed = hasRoom
		? [lead, head('POSTURE'), ...knobs.slice(0, faultsFrom), head('FAULT'), ...knobs.slice(faultsFrom)]
		: [head(above), ...knobs.slice(from, from + most)];
	const happened =
		sandboxLog.length === 0
			? [line(' ', styled('text.dim', 'No events yet: choose a value and apply it.'))]
			: sandboxLog.toReversed().map(text => line('   ', text));
	return padLines(
		[...listed, titledRule(screen, 'Events', {right: hasRoom ? '' : (sandboxKnobs[sandboxAt]?.effect ?? '')}), ...happened],
		rows,
	);
}
