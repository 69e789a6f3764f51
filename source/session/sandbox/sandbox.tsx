/** The sandbox view: the switches of the sandbox, and what happened. */
import {useState, type ReactNode} from 'react';
import {cellWidth, fitToCells} from '../../base/text/cell-width.ts';
import {spokenItem, Rows, Rule} from '../kit/styled-text.tsx';
import {useScreen} from '../kit/screen-input.ts';
import {itemLine, line, styled, type Line} from '../kit/styled-line.ts';

export function Sandbox(): ReactNode {
	const sandboxSwitches = useScreen(({state}) => state.sandboxSwitches);
	const sandboxCursor = useScreen(({state}) => state.sandboxCursor);
	const sandboxLog = useScreen(({state}) => state.sandboxLog);
	const size = useScreen(({state}) => state.size);
	const {glyphs} = useScreen(({theme}) => theme);
	const labelWidth = Math.min(33, Math.max(8, ...sandboxSwitches.map(({label}) => cellWidth(label))) + 1);
	// As wide as the longest value, so that a change moves nothing.
	const valueWidth = Math.max(8, ...sandboxSwitches.flatMap(({values}) => values.map(value => cellWidth(value)))) + 5;
	const head = (title: string) =>
		line(
			styled('text.dim', `   ${fitToCells(title, labelWidth + 1)}${fitToCells('VALUE', valueWidth)}${size.columns >= 70 ? 'EFFECT' : ''}`),
		);
	const switches = sandboxSwitches.map((sandboxSwitch, index): Line => ({
		...itemLine(index === sandboxCursor, glyphs.cursor, [
			{text: `${fitToCells(sandboxSwitch.label, labelWidth)} `},
			styled('focus', `${glyphs.chooseLeft} `),
			{text: fitToCells(`${sandboxSwitch.values[sandboxSwitch.valueIndex] ?? ''} ${glyphs.chooseRight}`, valueWidth - 2)},
			styled('text.dim', sandboxSwitch.effect),
		]),
		item: index,
		label: `${sandboxSwitch.label}: ${sandboxSwitch.values[sandboxSwitch.valueIndex] ?? ''}, ${sandboxSwitch.valueIndex + 1} of ${sandboxSwitch.values.length}. Effect: ${sandboxSwitch.effect}.`,
	}));
	const faultsFrom = sandboxSwitches.findIndex(({fault}) => fault);
	const lead = line(' ', 'This cluster runs inside spoke. What you see here does not apply to a real cluster.');
	const all = [lead, head('SWITCH'), ...switches.slice(0, faultsFrom), head('FAULT'), ...switches.slice(faultsFrom)];
	const [rows, setRows] = useState(all.length);
	const fitsAll = rows >= all.length;
	// With too few rows, keep the selected row visible.
	const most = Math.max(1, rows - 1);
	const from = Math.max(0, Math.min(sandboxCursor - Math.floor(most / 2), switches.length - most));
	const below = Math.max(0, switches.length - from - most);
	const above = [from === 0 ? 'SWITCH' : `${from} above`, ...(below > 0 ? [`${below} below`] : [])].join(', ');
	const happened =
		sandboxLog.length === 0
			? [line(' ', styled('text.dim', 'No events yet: choose a value and apply it.'))]
			: sandboxLog.toReversed().map(text => line('   ', text));
	return (
		<>
			<Rows
				pane="view"
				grow={1000}
				maxHeight={all.length}
				draw={() => (fitsAll ? all : [head(above), ...switches.slice(from, from + most)])}
				onSize={size => {
					setRows(size.rows);
				}}
				read={() => spokenItem(sandboxCursor, switches)}
			/>
			<Rule title="Events" right={fitsAll ? '' : (sandboxSwitches[sandboxCursor]?.effect ?? '')} />
			<Rows minHeight={1} draw={() => happened} />
		</>
	);
}
