/** The rows of a scrollable layer. */
import type {Layer, TextLine} from '../frame/session-state.ts';
import {wrappingOf} from '../kit/text-wrapping.ts';
import {helpBody} from './help.tsx';
import {messageTexts} from './text-page.tsx';
import type {ScreenInput} from '../kit/screen-input.ts';
import {textRows} from '../kit/text-rows.ts';
import {whyRows, whyTexts} from '../why/why.tsx';

/** For each row, the index of its line. */
export function layerRows(screen: ScreenInput, layer: Layer): readonly number[] {
	const look = wrappingOf(screen.state, layer);
	switch (layer.kind) {
		case 'why': {
			return whyRows(screen, layer, look).map(row => row.of);
		}

		case 'text': {
			return textRows(screen, layer.lines, look).map(row => row.of);
		}

		case 'messages': {
			return textRows(screen, messageTexts(screen.state), look).map(row => row.of);
		}

		case 'help': {
			return helpBody(screen, layer.keyContext).map((_, index) => index);
		}

		case 'tail': {
			return [];
		}
	}
}

export function layerTexts(screen: ScreenInput, layer: Layer): readonly TextLine[] {
	switch (layer.kind) {
		case 'why': {
			return whyTexts(screen, layer);
		}

		case 'text': {
			return layer.lines;
		}

		case 'messages': {
			return messageTexts(screen.state);
		}

		default: {
			return [];
		}
	}
}
