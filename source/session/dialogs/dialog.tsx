/** The open dialog, over the screen. A prompt is the last row instead. */
import {Box} from 'ink';
import type {ReactNode} from 'react';
import {useScreen, wholeScreen} from '../kit/screen-context.ts';
import {Row} from '../kit/styled-text.tsx';
import {dialogBox} from './dialog-box.ts';

export function Dialog(): ReactNode {
	const screen = useScreen(wholeScreen);
	const {overlay} = screen.state;
	const box = overlay === null ? null : dialogBox(screen, overlay);
	return (
		box && (
			<Box position="absolute" flexDirection="column" width={box.width} marginLeft={box.left} marginTop={box.top}>
				{box.lines.map((line, index) => (
					<Row key={index} {...line} />
				))}
			</Box>
		)
	);
}
