/** Screens of labelled text: details, doctor, messages; and the why screen, which is made of the same lines. */
import type {Layer, TextLine} from '../state/session-state.ts';
import {lineLabel} from '../state/line-label.ts';
import {clockTime} from '../text/clock-time.ts';
import {titledRule, wrapWords} from './chrome.ts';
import {pathLine, replicaLetter} from './path-words.ts';
import type {Screen} from './screen.ts';
import {line, of, type Line} from './styled-line.ts';
import type {Role} from './theme.ts';

const labelWidth = 10;

/** Rule and `rows - 1` lines from `top`. */
export function textScreen(screen: Screen, layer: Extract<Layer, {kind: 'text'}>, rows: number): Line[] {
	return pageOf(screen, {title: layer.title, after: layer.subject, right: layer.right}, textLines(screen, layer.lines), layer.top, rows);
}

/** A titled rule and the lines from `top` on; what stands above and below is counted. */
export function pageOf(screen: Screen, {title, after, right}: {title: string; after?: string; right: string}, body: readonly Line[], wanted: number, rows: number): Line[] {
	const top = Math.max(0, Math.min(wanted, body.length - rows + 1));
	const below = body.length - top - rows + 1;
	const hidden = [top > 0 ? `${top} above` : '', below > 0 ? `${below} below` : ''].filter(part => part !== '').join('  ');
	return fillUp([titledRule(screen, title, {focus: true, ...after !== undefined && {after}, right: [right, hidden].filter(part => part !== '').join(` ${screen.theme.glyphs.dot} `)}), ...body.slice(top, top + rows - 1)], rows);
}

/** Wrapped to the screen, the texts of all labels in one column. */
export function textLines(screen: Screen, lines: readonly TextLine[]): Line[] {
	const {state: {size, processes, now}, theme: {glyphs}} = screen;
	return lines.flatMap((one): Line[] => {
		if (one.path) {
			return [line(' ', pathLine(one.path, size.columns - 2, glyphs, replicaLetter(processes, one.path.process.id)))];
		}

		if (one.rule) {
			return [titledRule(screen, one.text)];
		}

		const indent = one.indent ?? 1;
		const label = lineLabel(one, now);
		const lead = label === undefined ? ' '.repeat(indent) : ' '.repeat(indent) + label.padEnd(Math.max(labelWidth, label.length + 1));
		const wrapped = wrapWords(one.text, Math.max(20, size.columns - lead.length - 1));
		return wrapped.map((text, index) => line(index === 0 ? of('text.dim', lead) : ' '.repeat(lead.length), of(one.role as Role | undefined, text)));
	});
}

export function messagesScreen(screen: Screen, top: number, rows: number): Line[] {
	return pageOf(screen, {title: 'Messages', right: String(screen.state.messages.length)}, messageLines(screen), top, rows);
}

/** The newest first. */
export function messageLines({state: {messages, size}}: Screen): Line[] {
	const body = messages.toReversed().flatMap(({time, text, role}) => wrapWords(text, Math.max(20, size.columns - 12)).map((row, index) => line(
		' ', of('text.dim', index === 0 ? `${clockTime(time)}  ` : ' '.repeat(10)), of(role === 'error' ? 'notice.error' : role === 'warn' ? 'notice.warn' : undefined, row),
	)));
	return body.length === 0 ? [line(' ', of('text.dim', 'Nothing to report.'))] : body;
}

/** Exactly `rows` lines: cut, or with empty ones below. */
export function fillUp(lines: readonly Line[], rows: number): Line[] {
	return [...lines, ...Array.from({length: Math.max(0, rows - lines.length)}, () => line(''))].slice(0, rows);
}
