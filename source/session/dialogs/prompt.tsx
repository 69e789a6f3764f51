/** The last row while a line is typed. */
import {Box} from 'ink';
import type {ReactNode} from 'react';
import type {ActionId} from '../../actions/action-table.ts';
import {cellWidth, truncateStartToCells, truncateToCells} from '../../text/cell-width.ts';
import {hintedKey, useScreenWith, type ScreenWith} from '../kit/screen-input.ts';
import {clickable, lineWidth, styled, type Span} from '../kit/styled-line.ts';
import {Row} from '../kit/styled-text.tsx';
import type {PromptDialog, TextInput} from './dialog.ts';

/** `/timeout▏             17 matches   Enter accept   Esc cancel` */
export function Prompt({prompt}: {readonly prompt: PromptDialog}): ReactNode {
	const screen = useScreenWith('size');
	const {columns} = screen.state.size;
	const input = inputSpans(prompt, screen.theme.glyphs.caret, columns);
	const keys = keySpans(screen, prompt);
	const note = [styled('text.dim', prompt.note === '' || prompt.note === prompt.problem ? '' : `${prompt.note}   `)];
	const short = prompt.note !== '' && prompt.problem === null && lineWidth(input) + 12 < columns ? `  ${prompt.note} ` : '';
	return lineWidth(input) + lineWidth([...note, ...keys]) + 2 <= columns ? (
		<Box justifyContent="space-between">
			<Row spans={input} />
			<Box>
				<Row spans={note} />
				<Box aria-hidden>
					<Row spans={keys} />
				</Box>
			</Box>
		</Box>
	) : (
		<Row spans={[...input, styled('text.dim', short)]} />
	);
}

function inputSpans({lead, regex, problem, typed}: PromptDialog, caret: string, columns: number): Span[] {
	const sign = `${lead}${regex ? '~' : ''}`;
	// Cut the problem so that the input stays visible.
	const beside = problem === null ? 0 : Math.min(cellWidth(problem) + 3, Math.floor(columns / 2));
	return [
		{text: ' '},
		styled(problem === null ? 'key' : 'notice.error', sign),
		...typedSpans(typed, caret, columns - cellWidth(sign) - 2 - beside),
		...(problem === null ? [] : [styled('notice.error', `   ${problem}`)]),
	];
}

function keySpans(screen: ScreenWith<never>, prompt: PromptDialog): Span[] {
	const key = (action: ActionId, label: string) => {
		const at = hintedKey(screen, action);
		return at === undefined ? [] : clickable(action, [styled('key', at), {text: ` ${label}  `}]);
	};

	return [
		...key('accept', prompt.accept),
		...(prompt.candidates.length > 0 ? key('complete', 'complete') : []),
		...(prompt.canUseRegex ? key('prompt.regex', prompt.regex ? 'plain' : 'regex') : []),
		...key('cancel', 'cancel'),
	];
}

/** Keeps the caret visible. */
export function typedSpans({text, caret}: TextInput, sign: string, width: number): Span[] {
	const [before, after] = [text.slice(0, caret), text.slice(caret)];
	const left = width - cellWidth(sign);
	const shown = truncateStartToCells(before, left - Math.min(cellWidth(after), Math.floor(left / 3)));
	return [{text: shown}, styled('focus', sign), {text: truncateToCells(after, left - cellWidth(shown))}];
}
