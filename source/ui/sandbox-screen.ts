/** The sandbox: its switches and faults, what each does, and what has happened. */
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
	// Wide enough for every value: nothing moves when one is chosen.
	const valueWidth = Math.max(8, ...sandboxKnobs.flatMap(({values}) => values.map(value => cellWidth(value)))) + 5;
	const head = (title: string) =>
		line(
			styled(
				'text.dim',
				`   ${fitToCells(title, labelWidth + 1)}${fitToCells('VALUE', valueWidth)}${size.columns >= 70 ? 'WHAT IT DOES' : ''}`,
			),
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
	// With less room than rows the one under the cursor stays in sight, and the last line of what happened too.
	const most = Math.max(1, rows - 2 - Math.min(1, sandboxLog.length));
	const from = Math.max(0, Math.min(sandboxAt - Math.floor(most / 2), knobs.length - most));
	const below = Math.max(0, knobs.length - from - most);
	const above = [from === 0 ? 'POSTURE' : `${from} above`, ...(below > 0 ? [`${below} below`] : [])].join(', ');
	const lead = line(' ', 'This cluster lives inside spoke. Nothing here says anything about a real one.');
	const listed = hasRoom
		? [lead, head('POSTURE'), ...knobs.slice(0, faultsFrom), head('FAULT'), ...knobs.slice(faultsFrom)]
		: [head(above), ...knobs.slice(from, from + most)];
	const happened =
		sandboxLog.length === 0
			? [line(' ', styled('text.dim', 'Nothing yet: choose a value and apply it.'))]
			: sandboxLog.toReversed().map(text => line('   ', text));
	return padLines(
		[...listed, titledRule(screen, 'What happened', {right: hasRoom ? '' : (sandboxKnobs[sandboxAt]?.effect ?? '')}), ...happened],
		rows,
	);
}
