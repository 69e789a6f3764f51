/** Spans as Ink text, in the colors of the theme. */
import {Text, Transform} from 'ink';
import type {ReactNode} from 'react';
import {useScreen} from './screen-context.ts';
import type {Line} from './styled-line.ts';
import type {Role} from './theme.ts';

/** One row; what does not fit is cut at the end. */
export function Row({spans, ground}: Line): ReactNode {
	return (
		<Text wrap="truncate-end">
			{spans.map(({text, role}, index) => (
				<Styled key={index} role={role} ground={ground}>
					{text}
				</Styled>
			))}
		</Text>
	);
}

type StyledProps = {readonly role?: Role | undefined; readonly ground?: Role | undefined; readonly children: string};

/** Ink's own color properties do not know the theme, NO_COLOR or a terminal of 16 colors. */
export function Styled({role, ground, children}: StyledProps): ReactNode {
	const {sgr} = useScreen(({theme}) => theme);
	const codes = [ground, role]
		.map(one => (one === undefined ? '' : sgr[one]))
		.filter(code => code !== '')
		.join(';');
	return codes === '' ? children : <Transform transform={text => `\u001B[${codes}m${text}\u001B[0m`}>{children}</Transform>;
}
