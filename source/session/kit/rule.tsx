/** The titled rule above a pane or page. */
import {Box} from 'ink';
import {memo, type ReactNode} from 'react';
import {cellWidth} from '../../text/cell-width.ts';
import {useScreen} from './screen-input.ts';
import {line, lineWidth, spokenLines, styled} from './styled-line.ts';
import {Row, useReading} from './styled-text.tsx';

type RuleProps = {
	readonly title: string;
	readonly focus?: boolean;
	readonly after?: string;
	readonly right?: string;
	/** Replaces a `right` that does not fit. */
	readonly short?: string;
	/** Replace both texts if they do not fit, the first that does; otherwise the last one is cut. */
	readonly shorter?: ReadonlyArray<{after: string; right: string}>;
	readonly warn?: boolean;
};

export const Rule = memo(
	({title, focus = false, after: whole = '', right = '', short = right, shorter = [], warn = false}: RuleProps): ReactNode => {
		const columns = useScreen(({state}) => state.size.columns);
		const {rule, tabLeft, tabRight} = useScreen(({theme}) => theme.glyphs);
		const leftOf = (after: string) =>
			focus
				? [styled('rule', rule), styled('focus', `${tabLeft}${title}${tabRight}`), {text: after === '' ? '' : ` ${after} `}]
				: [styled('rule', rule + rule), {text: ` ${title} `}, {text: after === '' ? '' : `${after} `}];
		const texts = [{after: whole, right}, {after: whole, right: short}, ...shorter];
		const {after, right: note} = texts.find(one => cellWidth(one.right) <= columns - lineWidth(leftOf(one.after)) - 4) ?? texts.at(-1)!;
		const left = leftOf(after);
		const reading = useReading(() => spokenLines([line(title, after === '' ? '' : `: ${after}`, note === '' ? '' : `, ${note}`)]));
		return (
			<Box flexShrink={0} {...reading}>
				<Box flexShrink={0}>
					<Row spans={left} />
				</Box>
				<Dashes grows />
				{note !== '' && (
					<>
						<Box paddingX={1}>
							<Row spans={[styled(warn ? 'notice.warn' : 'text.dim', note)]} />
						</Box>
						<Dashes />
					</>
				)}
			</Box>
		);
	},
);

function Dashes({grows = false}: {readonly grows?: boolean}): ReactNode {
	const {rule} = useScreen(({theme}) => theme.glyphs);
	const [borderBottom, borderLeft, borderRight] = [false, false, false];
	const borderStyle = {top: rule, topLeft: '', topRight: '', left: '', right: '', bottom: '', bottomLeft: '', bottomRight: ''};
	const size = grows ? {flexGrow: 1, flexBasis: 0, minWidth: 1} : {width: 1, flexShrink: 0};
	return <Box {...{borderStyle, borderBottom, borderLeft, borderRight}} borderColor="rule" {...size} />;
}
