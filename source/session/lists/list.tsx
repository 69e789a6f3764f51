/** The list of a view. */
import type {ReactNode} from 'react';
import {Rows} from '../kit/rows.tsx';
import {useScreen, useScreenHost, wholeScreen} from '../kit/screen-context.ts';
import type {ListName} from './list-kinds.ts';
import {listPane, spokenList} from './list-pane.ts';

export function List({name}: {readonly name: ListName}): ReactNode {
	const screen = useScreen(wholeScreen);
	const {onListRows} = useScreenHost();
	return (
		<Rows
			pane="view"
			draw={({columns, rows}) => listPane(screen, name, rows - 1, columns)}
			onSize={({rows}) => {
				// One row is the head.
				onListRows(Math.max(1, rows - 1));
			}}
			read={({columns, rows}) => spokenList(screen, name, rows, columns)}
		/>
	);
}
