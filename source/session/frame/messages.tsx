/** The message history, newest first. */
import type {ReactNode} from 'react';
import type {Layer, SessionState, TextLine} from './session-state.ts';
import {wrappingOf} from '../kit/text-wrapping.ts';
import {clockTime} from '../../text/format-time.ts';
import {Page} from '../kit/rows.tsx';
import {useScreenWith, type ScreenWith} from '../kit/screen-input.ts';
import type {Line} from '../kit/styled-line.ts';
import {textParts, textRows, type TextPart} from '../kit/text-rows.ts';

export function Messages({layer}: {readonly layer: MessagesLayer}): ReactNode {
	const screen = useScreenWith(...textParts, 'messages', 'isTextCut');
	return <Page title="Messages" right={String(screen.state.messages.length)} body={messagesBody(screen, layer)} top={layer.top} />;
}

type MessagesLayer = Extract<Layer, {kind: 'messages'}>;

export function messagesBody(screen: ScreenWith<TextPart | 'messages' | 'isTextCut'>, layer: MessagesLayer): Line[] {
	return textRows(screen, messageTexts(screen.state), wrappingOf(screen.state, layer)).map(row => row.line);
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
