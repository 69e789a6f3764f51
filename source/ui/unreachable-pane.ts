/** The pane shown while the apiserver does not respond. */
import {sanitizeLine} from '../text/sanitize-line.ts';
import type {TextLine} from '../state/session-state.ts';
import {describeUnreachable} from '../state/describe-unreachable.ts';
import type {RenderInput} from './render-input.ts';
import {line, styled, type Line} from './styled-line.ts';
import {textLines} from './text-rows.ts';

export function unreachablePane(screen: RenderInput, rows: number, width: number): Line[] {
	const parted = paneLines(screen, [line('')], width);
	return (parted.length <= rows ? parted : paneLines(screen, [], width)).slice(0, rows);
}

function paneLines(screen: RenderInput, blank: readonly Line[], width: number): Line[] {
	const {
		state,
		theme: {glyphs},
	} = screen;
	const {cluster} = state;
	const narrow = {...screen, state: {...state, size: {...state.size, columns: width}}};
	const draw = (lines: readonly TextLine[]) =>
		textLines(
			narrow,
			lines.map(one => ({indent: 3, ...one})),
		);
	const [first, ...rest] = describeUnreachable(state);
	return [
		...blank,
		...draw([first!]),
		...blank,
		line(
			'   you ',
			styled('state.failed', `${glyphs.strokes.proven.repeat(3)}${glyphs.broke}`),
			` ${sanitizeLine(withoutScheme(cluster.server))}`,
		),
		...blank,
		...draw(rest.filter(({role}) => role !== 'tried')),
		...blank,
		...rest.filter(({role}) => role === 'tried').map(({text}) => line('   ', styled('state.failed', glyphs.broke), ` ${text}`)),
		...blank,
		// Streams of other contexts, for example.
		...(state.connections.length === 0
			? []
			: draw([{text: 'Open streams stay open: forwards keep their local port, tails wait and resume.', role: 'text.dim'}])),
	];
}

function withoutScheme(server: string): string {
	return server.replace(/^https?:\/\//, '');
}
