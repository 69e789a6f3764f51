/** Screens of labelled text: details, doctor, messages; and the why screen, which is made of the same lines. */
import type {Layer, Message, TextLine} from '../state/session-state.ts';
import {titledRule, wrapWords} from './chrome.ts';
import {pathLine, replicaLetter} from './path-words.ts';
import type {Screen} from './screen.ts';
import {line, of, type Line} from './styled-line.ts';
import type {Role} from './theme.ts';

const labelWidth = 10;

/** Rule and `rows - 1` lines from `top`. */
export function textScreen(screen: Screen, layer: Extract<Layer, {kind: 'text'}>, rows: number): Line[] {
	const body = textLines(screen, layer.lines);
	const top = Math.max(0, Math.min(layer.top, body.length - rows + 1));
	return fillUp([titledRule(screen, layer.title, {focus: true, after: layer.subject, right: layer.right}), ...body.slice(top, top + rows - 1)], rows);
}

export function textLines(screen: Screen, lines: readonly TextLine[]): Line[] {
	const {state: {size, processes}, theme: {glyphs}} = screen;
	return lines.flatMap((one): Line[] => {
		if (one.path) {
			return [line(' ', pathLine(one.path, size.columns - 2, glyphs, replicaLetter(processes, one.path.process.id)))];
		}

		if (one.rule) {
			return [titledRule(screen, one.text)];
		}

		const indent = one.indent ?? 1;
		const lead = one.label === undefined ? ' '.repeat(indent) : ' '.repeat(indent) + one.label.padEnd(labelWidth);
		const wrapped = wrapWords(one.text, Math.max(20, size.columns - lead.length - 1));
		return wrapped.map((text, index) => line(index === 0 ? of('text.dim', lead) : ' '.repeat(lead.length), of(one.role as Role | undefined, text)));
	});
}

export function messagesScreen(screen: Screen, messages: readonly Message[], rows: number): Line[] {
	const body = messages.toReversed().map(({time, text, role}) => line(' ', of('text.dim', `${new Date(time).toTimeString().slice(0, 8)}  `), of(role === 'error' ? 'notice.error' : role === 'warn' ? 'notice.warn' : undefined, text)));
	return fillUp([titledRule(screen, 'Messages', {focus: true, right: `${messages.length}`}), ...body.length === 0 ? [line(' ', of('text.dim', 'Nothing to report.'))] : body], rows);
}

export function fillUp(lines: readonly Line[], rows: number): Line[] {
	return [...lines, ...Array.from({length: Math.max(0, rows - lines.length)}, () => line(''))].slice(0, rows);
}
