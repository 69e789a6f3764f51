/** What stands where a list would be while the apiserver does not answer: which end is silent, its own words, what was tried, what is next. */
import {errorRows} from '../errors/error-rows.ts';
import {clockTime} from '../text/clock-time.ts';
import {sanitiseLine} from '../text/sanitise-line.ts';
import type {TextLine} from '../state/session-state.ts';
import {inSeconds} from './in-seconds.ts';
import type {Screen} from './screen.ts';
import {line, of, type Line} from './styled-line.ts';
import {textLines} from './text-screen.ts';

/** `rows` lines at most, `width` cells wide; blank ones part it where there is room for them. */
export function unreachablePane(screen: Screen, rows: number, width: number): Line[] {
	const parted = paneLines(screen, [line('')], width);
	return (parted.length <= rows ? parted : paneLines(screen, [], width)).slice(0, rows);
}

function paneLines(screen: Screen, blank: readonly Line[], width: number): Line[] {
	const {state, theme: {glyphs}} = screen;
	const {cluster} = state;
	const narrow = {...screen, state: {...state, size: {...state.size, columns: width}}};
	const draw = (lines: readonly TextLine[]) => textLines(narrow, lines.map(one => ({indent: 3, ...one})));
	const [first, ...rest] = unreachableLines(screen);
	return [
		...blank, ...draw([first!]), ...blank,
		line('   you ', of('state.failed', `${glyphs.strokes.proven.repeat(3)}${glyphs.broke}`), ` ${sanitiseLine(withoutScheme(cluster.server))}`), ...blank,
		...draw(rest.filter(({role}) => role !== 'tried')), ...blank,
		...rest.filter(({role}) => role === 'tried').map(({text}) => line('   ', of('state.failed', glyphs.broke), ` ${text}`)), ...blank,
		// What is there already where another context is looked at: tails, forwards.
		...state.dock.length === 0 ? [] : draw([{text: 'What is open stays: forwards keep their local port, tails wait and resume.', role: 'text.dim'}]),
	];
}

/** The same as plain data, for copying. */
export function unreachableLines(screen: Pick<Screen, 'state'>): readonly TextLine[] {
	const {state} = screen;
	const {cluster: {context, proxy, error, retryAt, tries}} = state;
	const next = retryAt === null ? '' : ` Trying again${inSeconds(state, retryAt)} (try ${tries.count + 1}).`;
	const isSilent = error === null || error.code === 'ERR_APISERVER_UNREACHABLE' || error.code === 'ERR_APISERVER_TIMEOUT';
	return [
		{text: `The apiserver of ${sanitiseLine(context)} ${isSilent ? 'does not answer' : 'cannot be used yet'}.${next}`},
		...error === null
			? []
			: [
				...error.text === null ? [] : [{label: 'text', text: sanitiseLine(error.text)}],
				{label: 'means', text: isSilent ? errorRows[error.code].meaning : sanitiseLine(error.message)},
				...isSilent ? [{label: 'known', text: proxy === null ? 'no proxy in between: no proxy-url, and none by the environment' : `it is dialled through ${sanitiseLine(proxy.url)} (${proxy.from === 'proxy-url' ? 'proxy-url of the kubeconfig' : 'HTTPS_PROXY or HTTP_PROXY here'})`}] : [],
				...error.remedy === null ? [] : [{label: 'try', text: sanitiseLine(error.remedy), role: 'focus'}],
			],
		...tries.last.map(({time, tookMs, text}) => ({text: `${clockTime(time)}  ${sanitiseLine(text)}, after ${tookMs < 1000 ? `${tookMs} ms` : `${(tookMs / 1000).toFixed(1)} s`}`, role: 'tried'})),
	];
}

function withoutScheme(server: string): string {
	return server.replace(/^https?:\/\//, '');
}
