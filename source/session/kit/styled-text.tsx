/** Styled lines as Ink text. */
import {Text} from 'ink';
import {memo, type ReactNode} from 'react';
import {useScreen} from './screen-context.ts';
import type {Line} from './styled-line.ts';

/**
One row; what does not fit is cut at the end. One text for all spans: an Ink element for each would cost as much as the rest of a frame.
Ink's own color properties do not know the theme, NO_COLOR or a terminal of 16 colors.
*/
export function Row({spans, ground}: Line): ReactNode {
	const {sgr} = useScreen(({theme}) => theme);
	const text = spans
		.map(span => {
			const own = span.sgr ?? (span.role === undefined ? '' : sgr[span.role]);
			const codes = [ground === undefined ? '' : sgr[ground], own].filter(code => code !== '').join(';');
			return codes === '' || span.text === '' ? span.text : `\u001B[${codes}m${span.text}\u001B[0m`;
		})
		.join('');
	return <RowText text={text} />;
}

const RowText = memo(({text}: {readonly text: string}): ReactNode => <Text wrap="truncate-end">{text}</Text>);
