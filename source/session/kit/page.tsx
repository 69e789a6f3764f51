/** A full-size page of text: a titled rule, and the rows that fit below it. */
import type {ReactNode} from 'react';
import {formatNumber} from '../../text/format-number.ts';
import {Rows} from './rows.tsx';
import {Rule} from './rule.tsx';
import {useScreen, useScreenHost} from './screen-context.ts';
import type {Line} from './styled-line.ts';

type PageProps = {
	readonly title: string;
	readonly after?: string;
	readonly right: string;
	readonly body: readonly Line[];
	/** The first row, unless fewer than a page would follow. */
	readonly top: number;
};

export function Page({title, after = '', right, body, top}: PageProps): ReactNode {
	const rows = useScreen(({state}) => state.pageRows);
	const {dot} = useScreen(({theme}) => theme.glyphs);
	const {onPageRows} = useScreenHost();
	const above = Math.max(0, Math.min(top, body.length - rows));
	const below = body.length - above - rows;
	const hidden = [above > 0 ? `${formatNumber(above)} above` : '', below > 0 ? `${formatNumber(below)} below` : ''];
	const note = [right, hidden.filter(part => part !== '').join('  ')].filter(part => part !== '').join(` ${dot} `);
	return (
		<>
			<Rule focus title={title} after={after} right={note} />
			<Rows
				pane="text"
				draw={size => body.slice(above, above + size.rows)}
				onSize={size => {
					onPageRows(size.rows);
				}}
			/>
		</>
	);
}
