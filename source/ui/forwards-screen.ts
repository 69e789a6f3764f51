/** Forwards: what listens, where it goes, what it carried; and under it the log of the one under the cursor. */
import {clockTime} from '../text/clock-time.ts';
import {cellWidth, fitToCells} from '../text/cell-width.ts';
import {showBytes} from '../text/show-bytes.ts';
import type {ForwardState} from '../state/session-state.ts';
import {inNamespace} from '../state/in-namespace.ts';
import {shortPodName} from '../state/short-pod-name.ts';
import {showAge} from '../text/show-age.ts';
import {titledRule, wrapWords} from './chrome.ts';
import {firstKey, type Screen} from './screen.ts';
import {fillUp, line, of, type Line} from './styled-line.ts';

function liveLine({state: {now}}: Screen, {connection, client, since, up, down, congested}: ForwardState['live'][number]): Line {
	return line(
		'   ', of('text.dim', `${clockTime(since)}  `), `${connection.padEnd(4)} ${client.padEnd(21)} `, of('state.open', 'open'), ` ${showAge(now - since).padStart(4)}  `, `${showBytes(up)} sent, ${showBytes(down)} received`, of('level.warn', congested ? ', waits for its local reader' : ''),
	);
}

/** The port is what tells two forwards of one pod apart. */
function toWords({target, remote, namespace}: ForwardState, onScreen: string | null): string {
	return `${inNamespace(shortPodName(target), namespace, onScreen)}:${remote}`;
}

/** What was saved for this context, and how it comes back. */
function setLines(screen: Screen): Line[] {
	const {forwardSets, size} = screen.state;
	return forwardSets.length === 0
		? []
		: [line(''), ...wrapWords(`Saved sets of this context: ${forwardSets.map(({name, count}) => `${name} ${count}`).join(', ')}. ${firstKey(screen, 'forwards.open-set') ?? ':forward-set'} starts one, and asks first.`, size.columns - 2).map(text => line(' ', of('text.dim', text)))];
}

export function forwardsScreen(screen: Screen, rows: number): Line[] {
	const {state: {forwards, forwardAt, size, cluster}, theme: {glyphs}} = screen;
	if (forwards.length === 0) {
		return fillUp([line(''), line(' ', of('text.dim', `No forwards. ${firstKey(screen, 'forwards.add') ?? ':forward'} adds one, here or on a pod or service.`)), ...setLines(screen)], rows);
	}

	const toWidth = Math.max(12, Math.min(size.columns >= 110 ? 40 : 24, Math.max(...forwards.map(one => cellWidth(toWords(one, cluster.namespace))))));
	const stateWidth = Math.max(20, size.columns - toWidth - 40);
	const head = line(of('text.dim', `     ${fitToCells('LOCAL', 11)}${fitToCells('TO', toWidth + 2)}${fitToCells('STATE', stateWidth)}OPEN  SENT/RCVD`));
	const list = forwards.map((one, index): Line => {
		const isAt = index === forwardAt;
		return {
			spans: [
				{text: ' '}, isAt ? of('focus', glyphs.cursor) : {text: ' '}, {text: ' '}, of(`state.${one.phase}`, glyphs[one.phase === 'open' ? 'open' : one.phase === 'working' ? 'working' : one.phase === 'stopped' ? 'stopped' : 'failed']),
				{text: ` ${fitToCells(one.local === null ? one.asked : `:${one.local}`, 11)}${fitToCells(toWords(one, cluster.namespace), toWidth)}  `},
				of(one.phase === 'failed' ? 'state.failed' : undefined, fitToCells(one.note, stateWidth - 1)),
				{text: ` ${String(one.open).padStart(4)}  ${showBytes(one.up)}/${showBytes(one.down)}`},
			], ...isAt && {ground: 'selection' as const},
		};
	});
	const listRows = Math.min(list.length, Math.max(3, Math.floor(rows / 2)));
	const top = Math.max(0, Math.min(forwardAt - listRows + 1, list.length - listRows));
	const at = forwards[forwardAt];
	const log = at
		? [
			titledRule(screen, `${at.local === null ? at.asked : `:${at.local}`} ${glyphs.to} ${inNamespace(at.target, at.namespace, cluster.namespace)}:${at.remote}`, {...at.context !== cluster.context && {after: `on ${at.context}`}, right: `${at.open} open · ${at.closed} closed · ${at.failed} failed`}),
			...at.live.toReversed().map(one => liveLine(screen, one)),
			...at.log.toReversed().flatMap(({time, text}) => wrapWords(text, size.columns - 14).map((row, index) => line('   ', of('text.dim', (index === 0 ? clockTime(time) : '').padEnd(10)), row))),
		]
		: [];
	return fillUp([head, ...list.slice(top, top + listRows), ...log], rows);
}
