/** Proxy: the request line, what was asked so far, and the answer of the one under the cursor. */
import {Sanitiser} from '../text/sanitise.ts';
import {fitToCells} from '../text/cell-width.ts';
import type {ProxyExchange} from '../state/session-state.ts';
import {titledRule} from './chrome.ts';
import {showBytes} from './dock-pane.ts';
import {pathBadge, pathLine, replicaLetter} from './path-words.ts';
import {pathFacts} from './path-pane.ts';
import {firstKey, type Screen} from './screen.ts';
import {line, of, type Line} from './styled-line.ts';
import {fillUp} from './text-screen.ts';

export function proxyScreen(screen: Screen, rows: number): Line[] {
	const {state: {proxy, size, processes}, theme: {glyphs}} = screen;
	const ask = line(' ', of('title', proxy.method), `  ${proxy.request === '' ? '' : proxy.request}`, of('text.dim', proxy.request === '' ? `${firstKey(screen, 'proxy.edit') ?? ''} types a request: svc/NAME:PORT/path, pod/…, node/…; http: is plain, https: is unverified` : ''));
	if (proxy.exchanges.length === 0) {
		return fillUp([ask, line(''), line(' ', of('text.dim', 'No request yet.'))], rows);
	}

	const listRows = Math.min(proxy.exchanges.length, Math.max(3, Math.floor(rows / 4)));
	const top = Math.max(0, Math.min(proxy.at - listRows + 1, proxy.exchanges.length - listRows));
	const list = proxy.exchanges.slice(top, top + listRows).map((one, index): Line => exchangeLine(screen, one, top + index === proxy.at));
	const at = proxy.exchanges[proxy.at]!;
	const leg = at.path === null ? [] : [
		titledRule(screen, 'Leg', {right: `${firstKey(screen, 'path.why') ?? ''} why`}),
		line(' ', pathLine(at.path, size.columns - 2, glyphs, replicaLetter(processes, at.path.process.id))),
		...pathFacts(at.path).slice(1).map(({word, role, basis, why}) => line('   ', of(role, word.padEnd(14)), of('text.dim', basis.padEnd(10)), why)),
	];
	return fillUp([
		ask, line(of('text.dim', `   ${fitToCells('TIME', 10)}${fitToCells('CODE', 6)}${fitToCells('TOOK', 9)}${fitToCells('SIZE', 9)}REQUEST`)), ...list, ...leg, ...answer(screen, at),
	], rows);
}

function exchangeLine({theme: {glyphs}}: Screen, one: ProxyExchange, isAt: boolean): Line {
	const role = one.status === null ? 'state.failed' as const : one.status >= 400 ? 'level.warn' as const : undefined;
	return {
		spans: [
			{text: ' '}, isAt ? of('focus', glyphs.cursor) : {text: ' '}, {text: ` ${new Date(one.time).toTimeString().slice(0, 8)}  `},
			of(role, fitToCells(one.status === null ? one.tookMs === null ? '…' : '–' : String(one.status), 6)), {text: fitToCells(one.tookMs === null ? '' : `${Math.round(one.tookMs)} ms`, 9)}, {text: fitToCells(showBytes(one.bytes), 9)},
			{text: `${one.method} ${one.asked}  `}, ...one.path === null ? [] : pathBadge(one.path, glyphs), of(one.error ? 'state.failed' : 'text.dim', one.note === '' ? '' : `  ${one.note}`),
		], ...isAt && {ground: 'selection' as const},
	};
}

function answer(screen: Screen, one: ProxyExchange): Line[] {
	const {state: {proxy, size}} = screen;
	if (one.error) {
		return [titledRule(screen, 'No answer'), line(' ', of('state.failed', one.error.message)), ...one.error.text === null ? [] : [line(' ', of('text.dim', 'text  '), safe(one.error.text))], ...one.error.remedy === null ? [] : [line(' ', of('text.dim', 'try   '), of('focus', one.error.remedy))]];
	}

	if (one.status === null) {
		return [];
	}

	const isJson = /json/.test(one.type) || /^\s*[[{]/.test(one.body);
	const title = `${one.status}${one.status >= 300 && one.status < 400 ? ' (not followed)' : ''}`;
	const right = [one.type.split(';')[0], showBytes(one.bytes), ...isJson ? [`${firstKey(screen, 'proxy.json') ?? ''} ${proxy.json ? 'raw' : 'readable'}`] : [], `${firstKey(screen, 'proxy.headers') ?? ''} headers`].filter(part => part !== '').join(' · ');
	const headers = proxy.headers ? [...one.headers.map(([name, value]) => line(' ', of('json.key', `${safe(name)}: `), safe(value))), line('')] : [];
	return [titledRule(screen, title, {right}), ...headers, ...bodyLines(one.body, isJson && proxy.json, size.columns)];
}

function bodyLines(body: string, readable: boolean, width: number): Line[] {
	let text = body;
	if (readable) {
		try {
			text = JSON.stringify(JSON.parse(body), null, 2);
		} catch {
			// Not JSON after all: shown as it came.
		}
	}

	return safe(text).split('\n').slice(0, 2000).map(row => line(' ', readable ? row : row.slice(0, width * 4)));
}

function safe(text: string): string {
	return new Sanitiser().finish(text).replaceAll('\r\n', '\n').replaceAll('\t', '  ');
}
