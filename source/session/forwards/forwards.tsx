/** The forwards view: the forwards, and the clients and log of the selected one. */
import {Box} from 'ink';
import type {ReactNode} from 'react';
import {clockTime, formatAge, formatBytes, formatQuantity} from '../../base/text/formats.ts';
import {cellWidth, fitToCells, wrapToWidth} from '../../base/text/cell-width.ts';
import type {ForwardState} from '../frame/session-state.ts';
import {abbreviatePodName} from '../../report/descriptions/parts.ts';
import {qualifyWithNamespace} from '../frame/connection-list.ts';
import {itemLine, line, styled, type Line} from '../kit/styled-line.ts';
import {firstKey, useScreenWith, type ScreenWith} from '../kit/screen-input.ts';
import {CursorRows, Rows, Row, Rule, Words} from '../kit/styled-text.tsx';

function liveLine(
	{state: {now}}: ScreenWith<'now'>,
	{connection, client, since, up, down, congested}: ForwardState['openConnections'][number],
): Line {
	return line(
		'   ',
		styled('text.dim', `${clockTime(since)}  `),
		`${connection.padEnd(4)} ${client.padEnd(21)} `,
		congested ? styled('level.warn', 'blocked') : styled('state.open', 'open'),
		` ${formatAge(now - since).padStart(4)}  `,
		`${formatBytes(up)} sent, ${formatBytes(down)} received`,
	);
}

function localText({local, asked}: ForwardState): string {
	return local === null ? asked : `:${local}`;
}

/** The port distinguishes two forwards of one pod. */
function destinationText({target, remote, namespace}: ForwardState, onScreen: string | null): string {
	return `${qualifyWithNamespace(abbreviatePodName(target), namespace, onScreen)}:${remote}`;
}

function NoForwards(): ReactNode {
	const screen = useScreenWith('forwardSets');
	const {forwardSets} = screen.state;
	const sets = forwardSets.map(({name, count}) => `${name} (${formatQuantity(count, 'forward')})`).join(', ');
	const start = firstKey(screen, 'forwards.open-set') ?? ':forward-set';
	return (
		<Box flexDirection="column" flexGrow={1} flexBasis={0} gap={1} paddingTop={1} paddingX={1}>
			<Words role="text.dim">
				{`No forwards. ${firstKey(screen, 'forward') ?? ':forward'} adds one, here or in the list of pods or services.`}
			</Words>
			{forwardSets.length > 0 && (
				<Words role="text.dim">{`Saved sets for this context: ${sets}. ${start} starts one, after confirmation.`}</Words>
			)}
		</Box>
	);
}

export function Forwards(): ReactNode {
	const screen = useScreenWith('forwards', 'forwardCursor', 'size', 'cluster', 'hasScreenReader');
	const {
		state: {forwards, forwardCursor, size, cluster, hasScreenReader},
		theme: {glyphs},
	} = screen;
	if (forwards.length === 0) {
		return <NoForwards />;
	}

	const toWidth = Math.max(
		12,
		Math.min(size.columns >= 110 ? 40 : 24, Math.max(...forwards.map(one => cellWidth(destinationText(one, cluster.namespace))))),
	);
	const stateWidth = Math.max(20, size.columns - toWidth - 40);
	const head = line(
		styled('text.dim', `     ${fitToCells('LOCAL', 11)}${fitToCells('TO', toWidth + 2)}${fitToCells('STATE', stateWidth)}OPEN  SENT/RCVD`),
	);
	const list = forwards.map((one, index): Line => ({
		...itemLine(index === forwardCursor, glyphs.cursor, [
			styled(`state.${one.phase}`, glyphs[one.phase]),
			{text: ` ${fitToCells(localText(one), 11)}${fitToCells(destinationText(one, cluster.namespace), toWidth)}  `},
			styled(one.phase === 'failed' ? 'state.failed' : undefined, fitToCells(one.note, stateWidth - 1)),
			{text: ` ${String(one.open).padStart(4)}  ${formatBytes(one.bytesUp)}/${formatBytes(one.bytesDown)}`},
		]),
		item: index,
		label: spokenForward(one, cluster.namespace),
	}));
	const at = forwards[forwardCursor];
	return (
		<>
			<Row {...head} label="" />
			<CursorRows lines={list} cursor={forwardCursor} minHeight={3} />
			{at && !hasScreenReader && <ForwardLog forward={at} />}
		</>
	);
}

function spokenForward(one: ForwardState, onScreen: string | null): string {
	const to = `${qualifyWithNamespace(one.target, one.namespace, onScreen)}:${one.remote}`;
	return [`${localText(one)} to ${to}`, one.phase, one.note, `${one.open} open`].filter(part => part !== '').join(', ');
}

function ForwardLog({forward}: {readonly forward: ForwardState}): ReactNode {
	const screen = useScreenWith('cluster', 'others', 'now');
	const {context, namespace, target, remote, open, closed, failed} = forward;
	const {cluster, others} = screen.state;
	return (
		<>
			<Rule
				title={`${localText(forward)} ${screen.theme.glyphs.to} ${qualifyWithNamespace(target, namespace, cluster.namespace)}:${remote}`}
				after={context === cluster.context && others.length === 0 ? '' : `on ${context}`}
				right={`${open} open · ${closed} closed · ${failed} failed`}
			/>
			<Rows draw={({columns}) => logLines(screen, forward, columns)} />
		</>
	);
}

function logLines(screen: ScreenWith<'now'>, at: ForwardState, columns: number): Line[] {
	return [
		...at.openConnections.toReversed().map(one => liveLine(screen, one)),
		...at.log
			.toReversed()
			.flatMap(({time, text}) =>
				wrapToWidth(text, columns - 14).map((row, index) =>
					line('   ', styled('text.dim', (index === 0 ? clockTime(time) : '').padEnd(10)), row),
				),
			),
	];
}
