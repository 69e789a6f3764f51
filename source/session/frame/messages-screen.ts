/** The message history, newest first. */
import type {Layer, SessionState, TextLine} from './session-state.ts';
import {wrappingOf} from '../kit/text-wrapping.ts';
import {clockTime} from '../../text/format-time.ts';
import type {RenderInput} from '../kit/render-input.ts';
import type {Line} from '../kit/styled-line.ts';
import {textRows} from '../kit/text-rows.ts';
import {pageOf} from '../text/text-screen.ts';

export function messagesScreen(screen: RenderInput, layer: Extract<Layer, {kind: 'messages'}>, rows: number): Line[] {
	const {state} = screen;
	const body = textRows(screen, messageTexts(state), wrappingOf(state, layer)).map(row => row.line);
	return pageOf(screen, {title: 'Messages', right: String(state.messages.length)}, body, layer.top, rows);
}

export function messageTexts({messages}: Pick<SessionState, 'messages'>): readonly TextLine[] {
	return messages.length === 0
		? [{text: 'No messages yet.', role: 'text.dim'}]
		: messages.toReversed().map(({time, text, role}) => ({
				label: clockTime(time),
				text,
				...(role !== 'plain' && {role: role === 'error' ? 'notice.error' : 'notice.warn'}),
			}));
}
