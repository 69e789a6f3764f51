/** The frame of a dialog or card. */
import {Box} from 'ink';
import type {ReactNode} from 'react';
import type {ActionId} from '../../actions/action-table.ts';
import {MouseBox, Row} from '../kit/styled-text.tsx';
import {hintedKey, useScreen, type ScreenInput} from '../kit/screen-input.ts';
import {clickable, lineWidth, styled, type Span} from '../kit/styled-line.ts';

const maxColumns = 90;

type DialogKeys = ReadonlyArray<readonly [action: ActionId, label: string]>;

type DialogFrameProps = {readonly title: string; readonly keys: DialogKeys; readonly children: ReactNode};

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

type KeyHint = {action: ActionId; spans: readonly Span[]};

function keyHints(screen: Pick<ScreenInput, 'hints'>, keys: DialogKeys): KeyHint[] {
	return keys.flatMap(([action, label]): KeyHint[] => {
		const key = action === 'move.up' ? [hintedKey(screen, action), hintedKey(screen, 'move.down')].join('') : hintedKey(screen, action);
		const spans = [styled('key', key ?? ''), {text: ` ${label}`}];
		return key === undefined ? [] : [{action, spans: action === 'move.up' ? spans : clickable(action, spans)}];
	});
}

const leftOut = ['complete', 'move.down', 'copy', 'move.up'];

function keysWithin(hints: readonly KeyHint[], width: number, dot: string): Span[] {
	let left = hints;
	const spans = () => left.flatMap((hint, index): Span[] => [...(index === 0 ? [] : [styled('text.dim', ` ${dot} `)]), ...hint.spans]);
	while (left.length > 0 && lineWidth(spans()) > width) {
		const out = leftOut.find(id => left.some(({action}) => action === id)) ?? left.at(-1)!.action;
		left = left.filter(({action}) => action !== out);
	}

	return spans();
}
