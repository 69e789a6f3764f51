/** The forwards view. */
import {clockTime, formatAge} from '../../text/format-time.ts';
import {cellWidth, fitToCells} from '../../text/cell-width.ts';
import {formatBytes, formatQuantity} from '../../text/format-number.ts';
import type {ForwardState} from '../frame/session-state.ts';
import {abbreviatePodName} from '../../descriptions/parts.ts';
import {qualifyWithNamespace} from '../kit/qualify-name.ts';
import {titledRule, wrapToWidth} from '../kit/titled-rule.ts';
import {firstKey, type RenderInput} from '../kit/render-input.ts';
import {padLines, line, styled, type Line} from '../kit/styled-line.ts';

function liveLine(
	{state: {now}}: RenderInput,
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

function setLines(screen: RenderInput): Line[] {
	const {forwardSets, size} = screen.state;
	if (forwardSets.length === 0) {
		return [];
	}

	const sets = forwardSets.map(({name, count}) => `${name} (${formatQuantity(count, 'forward')})`).join(', ');
	const words = `Saved sets for this context: ${sets}. ${firstKey(screen, 'forwards.open-set') ?? ':forward-set'} starts one, after confirmation.`;
	return [line(''), ...wrapToWidth(words, size.columns - 2).map(text => line(' ', styled('text.dim', text)))];
}

export function forwardsScreen(screen: RenderInput, rows: number): Line[] {
	const {
		state: {forwards, forwardCursor, size, cluster},
		theme: {glyphs},
	} = screen;
	if (forwards.length === 0) {
		const none = `No forwards. ${firstKey(screen, 'forwards.add') ?? ':forward'} adds one, here or in the list of pods or services.`;
		return padLines([line(''), line(' ', styled('text.dim', none)), ...setLines(screen)], rows);
	}

	const toWidth = Math.max(
		12,
		Math.min(size.columns >= 110 ? 40 : 24, Math.max(...forwards.map(one => cellWidth(destinationText(one, cluster.namespace))))),
	);
	const stateWidth = Math.max(20, size.columns - toWidth - 40);
	const head = line(
		styled('text.dim', `     ${fitToCells('LOCAL', 11)}${fitToCells('TO', toWidth + 2)}${fitToCells('STATE', stateWidth)}OPEN  SENT/RCVD`),
	);
	const list = forwards.map((one, index): Line => {
		const isAt = index === forwardCursor;
		return {
			spans: [
				{text: ' '},
				isAt ? styled('focus', glyphs.cursor) : {text: ' '},
				{text: ' '},
				styled(`state.${one.phase}`, glyphs[one.phase]),
				{text: ` ${fitToCells(localText(one), 11)}${fitToCells(destinationText(one, cluster.namespace), toWidth)}  `},
				styled(one.phase === 'failed' ? 'state.failed' : undefined, fitToCells(one.note, stateWidth - 1)),
				{text: ` ${String(one.open).padStart(4)}  ${formatBytes(one.bytesUp)}/${formatBytes(one.bytesDown)}`},
			],
			...(isAt && {ground: 'selection' as const}),
		};
	});
	const listRows = Math.min(list.length, Math.max(3, Math.floor(rows / 2)));
	const top = Math.max(0, Math.min(forwardCursor - listRows + 1, list.length - listRows));
	const at = forwards[forwardCursor];
	return padLines([head, ...list.slice(top, top + listRows), ...(at ? logLines(screen, at) : [])], rows);
}

function logLines(screen: RenderInput, at: ForwardState): Line[] {
	const {
		state: {size, cluster},
		theme: {glyphs},
	} = screen;
	const title = `${localText(at)} ${glyphs.to} ${qualifyWithNamespace(at.target, at.namespace, cluster.namespace)}:${at.remote}`;
	const right = `${at.open} open · ${at.closed} closed · ${at.failed} failed`;
	return [
		titledRule(screen, title, {...(at.context !== cluster.context && {after: `on ${at.context}`}), right}),
		...at.openConnections.toReversed().map(one => liveLine(screen, one)),
		...at.log
			.toReversed()
			.flatMap(({time, text}) =>
				wrapToWidth(text, size.columns - 14).map((row, index) =>
					line('   ', styled('text.dim', (index === 0 ? clockTime(time) : '').padEnd(10)), row),
				),
			),
	];
}
