/** Long texts as spoken pages. */
import {lineLabel, lineText} from '../kit/format-copied-lines.ts';
import type {Layer, TextLine} from '../frame/session-state.ts';
import {helpBody} from './help.tsx';
import type {RenderInput} from '../kit/render-input.ts';
import {spokenPage} from '../kit/spoken-path.ts';
import type {Line} from '../kit/styled-line.ts';
import {messageTexts} from '../frame/message-list.tsx';
import {textLines} from '../kit/text-rows.ts';
import {whyBody} from '../why/why.tsx';

type ReadLayer = Exclude<Layer, {kind: 'tail'}>;

export function pageOfText(screen: RenderInput, layer: ReadLayer): readonly string[] {
	return spokenText(screen, layer).slice(layer.top, layer.top + spokenPage);
}

export function spokenText(screen: RenderInput, layer: ReadLayer): readonly string[] {
	switch (layer.kind) {
		case 'text': {
			return layer.lines.map(one => said(one, screen.state.now));
		}

		case 'why': {
			return read(whyBody(screen, layer));
		}

		case 'help': {
			return read(helpBody(inOneColumn(screen), layer.context));
		}

		case 'messages': {
			return read(textLines(screen, messageTexts(screen.state)));
		}
	}
}

export function said(one: TextLine, now: number): string {
	return `${lineLabel(one, now)?.trim() ?? ''} ${lineText(one, now)}`.trim();
}

/** A screen reader would read adjacent columns as one line. */
function inOneColumn(screen: RenderInput): RenderInput {
	const {state} = screen;
	return {...screen, state: {...state, size: {...state.size, columns: 49}}};
}

function read(lines: readonly Line[]): readonly string[] {
	return lines
		.map(({spans}) =>
			spans
				.map(({text}) => text)
				.join('')
				.replaceAll(/[\s─│━╍┈┤├-]{2,}/g, ' ')
				.trim(),
		)
		.filter(text => text !== '');
}
