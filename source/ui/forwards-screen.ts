/** Forwards: what listens, where it goes, what it carried; and under it the log of the one under the cursor. */
import {clockTime} from '../text/clock-time.ts';
import {cellWidth, fitToCells} from '../text/cell-width.ts';
import {formatBytes} from '../text/format-bytes.ts';
import type {ForwardState} from '../state/session-state.ts';
import {qualifyWithNamespace} from '../state/qualify-name.ts';
import {abbreviatePodName} from '../state/short-pod-name.ts';
import {formatAge} from '../text/format-age.ts';
import {titledRule, wrapWords} from './chrome.ts';
import {firstKey, type Screen} from './screen.ts';
import {fillUp, line, of, type Line} from './styled-line.ts';

function liveLine({state: {now}}: Screen, {connection, client, since, up, down, congested}: ForwardState['live'][number]): Line {
	return line(
		'   ',
		of('text.dim', `${clockTime(since)}  `),
		`${connection.padEnd(4)} ${client.padEnd(21)} `,
		of('state.open', 'open'),
		` ${formatAge(now - since).padStart(4)}  `,
		`${formatBytes(up)} sent, ${formatBytes(down)} received`,
		of('level.warn', congested ? ', waits for its local reader' : ''),
	);
}

function localWords({local, asked}: ForwardState): string {
	return local === null ? asked : `:${local}`;
}

/** The port is what tells two forwards of one pod apart. */
function toWords({target, remote, namespace}: ForwardState, onScreen: string | null): string {
	return `${qualifyWithNamespace(abbreviatePodName(target), namespace, onScreen)}:${remote}`;
}

/** What was saved for this context, and how it comes back. */
function setLines(screen: Screen): Line[] {
	const {forwardSets, size} = screen.state;
	if (forwardSets.length === 0) {
		return [];
	}

	const sets = forwardSets.map(({name, count}) => `${name} ${count}`).join(', ');
	const words = `Saved sets of this context: ${sets}. ${firstKey(screen, 'forwards.open-set') ?? ':forward-set'} starts one, and asks first.`;
	return [line(''), ...wrapWords(words, size.columns - 2).map(text => line(' ', of('text.dim', text)))];
}

/** `rows` lines: the forwards, and the log of the one under the cursor. */
export function forwardsScreen(screen: Screen, rows: number): Line[] {
	const {state: {forwards, forwardAt, size, cluster}, theme: {glyphs}} = screen;
	if (forwards.length === 0) {
		const none = `No forwards. ${firstKey(screen, 'forwards.add') ?? ':forward'} adds one, here or on a pod or service.`;
		return fillUp([line(''), line(' ', of('text.dim', none)), ...setLines(screen)], rows);
	}

	const toWidth = Math.max(12, Math.min(size.columns >= 110 ? 40 : 24, Math.max(...forwards.map(one => cellWidth(toWords(one, cluster.namespace))))));
	const stateWidth = Math.max(20, size.columns - toWidth - 40);
	const head = line(of('text.dim', `     ${fitToCells('LOCAL', 11)}${fitToCells('TO', toWidth + 2)}${fitToCells('STATE', stateWidth)}OPEN  SENT/RCVD`));
	const list = forwards.map((one, index): Line => {
		const isAt = index === forwardAt;
		return {
			spans: [
				{text: ' '}, isAt ? of('focus', glyphs.cursor) : {text: ' '}, {text: ' '}, of(`state.${one.phase}`, glyphs[one.phase]),
				{text: ` ${fitToCells(localWords(one), 11)}${fitToCells(toWords(one, cluster.namespace), toWidth)}  `},
				of(one.phase === 'failed' ? 'state.failed' : undefined, fitToCells(one.note, stateWidth - 1)),
				{text: ` ${String(one.open).padStart(4)}  ${formatBytes(one.up)}/${formatBytes(one.down)}`},
			], ...isAt && {ground: 'selection' as const},
		};
	});
	const listRows = Math.min(list.length, Math.max(3, Math.floor(rows / 2)));
	const top = Math.max(0, Math.min(forwardAt - listRows + 1, list.length - listRows));
	const at = forwards[forwardAt];
	return fillUp([head, ...list.slice(top, top + listRows), ...at ? logLines(screen, at) : []], rows);
}

/** What is open, then what came before, each with the last first. */
function logLines(screen: Screen, at: ForwardState): Line[] {
	const {state: {size, cluster}, theme: {glyphs}} = screen;
	const title = `${localWords(at)} ${glyphs.to} ${qualifyWithNamespace(at.target, at.namespace, cluster.namespace)}:${at.remote}`;
	const right = `${at.open} open · ${at.closed} closed · ${at.failed} failed`;
	return [
		titledRule(screen, title, {...at.context !== cluster.context && {after: `on ${at.context}`}, right}),
		...at.live.toReversed().map(one => liveLine(screen, one)),
		...at.log.toReversed().flatMap(({time, text}) => wrapWords(text, size.columns - 14)
			.map((row, index) => line('   ', of('text.dim', (index === 0 ? clockTime(time) : '').padEnd(10)), row))),
	];
}
