/** The frame of a dialog or card, and the line that is typed in one, or in the last row of the screen. */
import {Box} from 'ink';
import type {ReactNode} from 'react';
import type {ActionId} from '../actions/action-table.ts';
import {cellWidth, truncateStartToCells, truncateToCells} from '../../base/text/cell-width.ts';
import {hintedKey, useScreen, useScreenWith, type ScreenInput, type ScreenWith} from '../kit/screen-input.ts';
import {clickable, lineWidth, styled, type Span} from '../kit/styled-line.ts';
import {MouseBox, Row} from '../kit/styled-text.tsx';
import type {PromptDialog, TextInput} from './dialog.ts';

const maxColumns = 90;

type DialogKeys = ReadonlyArray<readonly [action: ActionId, label: string]>;

type DialogFrameProps = {readonly title: string; readonly keys: DialogKeys; readonly children: ReactNode};

type KeyHint = {action: ActionId; spans: readonly Span[]};

const leftOut = ['complete', 'move.down', 'copy', 'move.up'];

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

/** Keeps the caret visible. An untouched text stands selected. */
export function typedSpans({text, caret, untouched = false}: TextInput, sign: string, width: number): Span[] {
	const [before, after] = [text.slice(0, caret), text.slice(caret)];
	const left = width - cellWidth(sign);
	const shown = truncateStartToCells(before, left - Math.min(cellWidth(after), Math.floor(left / 3)));
	return [
		untouched ? styled('selection', shown) : {text: shown},
		styled('focus', sign),
		{text: truncateToCells(after, left - cellWidth(shown))},
	];
}

/** Below the middle of the upper half, or higher if it does not fit there. Its end is cut if the screen is too low. */
export function DialogFrame({title, keys, children}: DialogFrameProps): ReactNode {
	const hints = useScreen(screen => screen.hints);
	const {frame, dot} = useScreen(({theme}) => theme.glyphs);
	const width = frameWidth(useScreen(({state}) => state.size.columns));
	const {topLeft, topRight, bottomLeft, bottomRight, side, along} = frame;
	return (
		<Box position="absolute" flexDirection="column" alignSelf="center" top={1} bottom={1} width={width}>
			<Box flexGrow={1} maxHeight={3} />
			<MouseBox
				pane="dialog"
				flexDirection="column"
				backgroundColor="blank"
				borderColor="rule"
				borderStyle={{topLeft, top: along, topRight, right: side, bottomRight, bottom: along, bottomLeft, left: side}}
			>
				<Box position="absolute" top={-1} left={1} right={1}>
					<Row spans={[{text: ' '}, styled('title', title), {text: ' '}]} />
				</Box>
				<Box flexDirection="column" overflow="hidden">
					<Box flexDirection="column" flexShrink={0}>
						{children}
					</Box>
				</Box>
				<Box position="absolute" bottom={-1} left={1} right={1} justifyContent="flex-end">
					<Row spans={[{text: ' '}, ...keysWithin(keyHints({hints}, keys), width - 6, dot), {text: ' '}]} />
				</Box>
			</MouseBox>
		</Box>
	);
}

export function frameWidth(columns: number): number {
	return Math.min(maxColumns, columns - 4);
}

function keyHints(screen: Pick<ScreenInput, 'hints'>, keys: DialogKeys): KeyHint[] {
	return keys.flatMap(([action, label]): KeyHint[] => {
		const key = action === 'move.up' ? [hintedKey(screen, action), hintedKey(screen, 'move.down')].join('') : hintedKey(screen, action);
		const spans = [styled('key', key ?? ''), {text: ` ${label}`}];
		return key === undefined ? [] : [{action, spans: action === 'move.up' ? spans : clickable(action, spans)}];
	});
}

function keysWithin(hints: readonly KeyHint[], width: number, dot: string): Span[] {
	let left = hints;
	const spans = () => left.flatMap((hint, index): Span[] => [...(index === 0 ? [] : [styled('text.dim', ` ${dot} `)]), ...hint.spans]);
	while (left.length > 0 && lineWidth(spans()) > width) {
		const out = leftOut.find(id => left.some(({action}) => action === id)) ?? left.at(-1)!.action;
		left = left.filter(({action}) => action !== out);
	}

	return spans();
}
