/** Spans as Ink text, in the colors of the theme. */
import {Text, Transform} from 'ink';
import {createContext, use, type ReactNode} from 'react';
import type {Line, Span} from './styled-line.ts';
import {plainTheme, type Role, type Theme} from './theme.ts';

export const ThemeContext = createContext<Theme>(plainTheme);

export function useTheme(): Theme {
	return use(ThemeContext);
}

/** One row; what does not fit is cut at the end. */
export function Row({spans}: Line): ReactNode {
	return (
		<Text wrap="truncate-end">
			<Spans spans={spans} />
		</Text>
	);
}

export function Spans({spans}: {readonly spans: readonly Span[]}): ReactNode {
	return spans.map(({text, role}, index) => (
		<Styled key={index} role={role}>
			{text}
		</Styled>
	));
}

/** Ink's own color properties do not know the theme, NO_COLOR or a terminal of 16 colors. */
export function Styled({role, children}: {readonly role?: Role | undefined; readonly children: string}): ReactNode {
	const {sgr} = useTheme();
	const codes = role === undefined ? '' : sgr[role];
	return codes === '' ? children : <Transform transform={text => `\u001B[${codes}m${text}\u001B[0m`}>{children}</Transform>;
}
