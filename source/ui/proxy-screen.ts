/** Proxy: the request line, what was asked so far, and the answer of the one under the cursor. */
import {clockTime} from '../text/clock-time.ts';
import {formatQuantity} from '../text/format-number.ts';
import {cellWidth, truncateToCells, fitToCells} from '../text/cell-width.ts';
import {formatBytes} from '../text/format-bytes.ts';
import {sanitizeText} from '../text/sanitize-text.ts';
import {formatBody} from '../state/format-body.ts';
import {selectedExchange, selectedListener, proxyRowCount, describeMissingResponse, type ListenerState, type ProxyExchange} from '../state/proxy-state.ts';
import {worstPath} from '../state/connection-list.ts';
import {titledRule} from './chrome.ts';
import {pathBadge, pathLine, replicaLetter} from './path-words.ts';
import {pathFacts} from './path-facts.ts';
import {factLines} from './path-pane.ts';
import {firstKey, type Screen} from './screen.ts';
import {fillUp, line, of, type Line} from './styled-line.ts';
import type {Role} from './theme.ts';

/** Where the request begins in a row. */
const requestFrom = 37;

/** `rows` lines; the answer gets what the list of requests leaves. */
export function proxyScreen(screen: Screen, rows: number): Line[] {
	const {proxy} = screen.state;
	const ask = line(' ', of('title', proxy.method), `  ${proxy.request}`, of('text.dim', proxy.request === '' ? 'svc/NAME:PORT/path' : ''));
	if (proxyRowCount(proxy) === 0) {
		return fillUp([ask, line(''), ...emptyWords(screen)], rows);
	}

	const listRows = Math.min(proxyRowCount(proxy), Math.max(3, Math.floor(rows / 4)));
	const top = Math.max(0, Math.min(proxy.at - listRows + 1, proxyRowCount(proxy) - listRows));
	const all = [
		...proxy.listeners.map((one, index) => listenerLine(screen, one, index === proxy.at)),
		...proxy.exchanges.map((one, index) => exchangeLine(screen, one, proxy.listeners.length + index === proxy.at)),
	];
	const list = all.slice(top, top + listRows);
	const head = line(of('text.dim', `   ${fitToCells('TIME', 10)}${fitToCells('CODE', 6)}${fitToCells('TOOK', 9)}${fitToCells('SIZE', 9)}REQUEST`));
	const at = selectedExchange(proxy);
	const below = at === null ? passedRequests(screen, selectedListener(proxy)!) : answer(screen, at);
	return fillUp([ask, head, ...list, ...legLines(screen, at), ...below], rows);
}

/** The way of the request under the cursor; with none there, of the last one through the listener. */
function legLines(screen: Screen, at: ProxyExchange | null): Line[] {
	const {state: {proxy, dock, size, processes}, theme: {glyphs}} = screen;
	const path = at === null ? worstPath(dock.find(({id}) => id === selectedListener(proxy)?.id)?.paths.values() ?? []) : at.path;
	if (path === null) {
		return [];
	}

	return [
		titledRule(screen, at === null ? 'Leg of the last proxied request' : 'Leg', {right: `${firstKey(screen, 'path.why') ?? ''} why`}),
		line(' ', pathLine(path, size.columns - 2, glyphs, replicaLetter(processes, path.process.id))),
		...factLines(screen, path, pathFacts(path).slice(1), size.columns),
	];
}

function exchangeLine({theme: {glyphs}, state: {size}}: Screen, one: ProxyExchange, isAt: boolean): Line {
	const {status, tookMs} = one;
	const badge = one.path === null ? [] : pathBadge(one.path, glyphs);
	// The request gives way to the words about its leg.
	const room = size.columns - requestFrom - 3 - badge.reduce((sum, {text}) => sum + cellWidth(text), 0);
	const asked = `${one.method} ${one.asked}`;
	const withoutCode = tookMs === null ? '…' : '–';
	return {
		spans: [
			{text: ' '}, isAt ? of('focus', glyphs.cursor) : {text: ' '}, {text: ` ${clockTime(one.time)}  `},
			of(codeRole(status), fitToCells(status === null ? withoutCode : String(status), 6)),
			{text: fitToCells(tookMs === null ? '' : `${Math.round(tookMs)} ms`, 9)}, {text: fitToCells(formatBytes(one.bytes), 9)},
			{text: `${badge.length > 0 && room >= 12 ? truncateToCells(asked, room, glyphs.more) : asked}  `}, ...badge,
			of(one.error ? 'state.failed' : 'text.dim', one.note === '' ? '' : `  ${one.note}`),
		], ...isAt && {ground: 'selection' as const},
	};
}

/** `null` where no answer came. */
function codeRole(status: number | null): Role | undefined {
	if (status === null) {
		return 'state.failed';
	}

	return status >= 400 ? 'level.warn' : undefined;
}

function emptyWords(screen: Screen): Line[] {
	const key = (action: string, words: string) => line(' ', of('key', firstKey(screen, action) ?? ''), of('text.dim', ` ${words}`));
	return [
		line(' ', of('text.dim', 'No request yet.')), line(''),
		key('proxy.edit', 'types one: svc/NAME:PORT/path, pod/NAME:PORT/path, node/NAME/path'),
		line(' ', of('text.dim', '  pods and services: plain HTTP; https:NAME is TLS that nobody verifies')),
		key('proxy.listener', 'opens a local port for other programs: kubectl proxy, with stricter rules'),
	];
}

function listenerLine({theme: {glyphs}, state: {cluster}}: Screen, {since, address, requests, context}: ListenerState, isAt: boolean): Line {
	return {
		spans: [
			{text: ' '}, isAt ? of('focus', glyphs.cursor) : {text: ' '}, {text: ` ${clockTime(since)}  `},
			of('state.open', fitToCells(glyphs.open, 6)), {text: ' '.repeat(18)},
			{text: `listener on ${address} ${glyphs.dot} ${formatQuantity(requests, 'request')}${context === cluster.context ? '' : ` ${glyphs.dot} ${context}`}`},
		], ...isAt && {ground: 'selection' as const},
	};
}

/** What came through a listener, the last first. */
function passedRequests(screen: Screen, {address, usable, log}: ListenerState): Line[] {
	return [
		titledRule(screen, `http://${address}`, {right: `${firstKey(screen, 'proxy.listener') ?? ''} stops it`}), line(' ', of('notice.warn', usable)),
		...log.length === 0
			? [line(' ', of('text.dim', 'No request yet.'))]
			: log.toReversed().map(({time, status, tookMs, method, path, error}) => line(
				'   ',
				of('text.dim', `${clockTime(time)}  `),
				of(codeRole(error === null ? status : null), fitToCells(String(status), 6)),
				fitToCells(`${Math.round(tookMs)} ms`, 9),
				`${method} ${path}`,
				of('state.failed', error === null ? '' : `  ${error}`),
			)),
	];
}

function answer(screen: Screen, one: ProxyExchange): Line[] {
	const {state: {proxy, size}} = screen;
	if (one.error) {
		const {message, text, remedy} = one.error;
		return [
			titledRule(screen, one.status === null ? describeMissingResponse(one) : `${one.status}, cut after ${formatBytes(one.bytes)}`),
			line(' ', of('state.failed', message)),
			...text === null || text === message ? [] : [line(' ', of('text.dim', 'text  '), sanitizeText(text))],
			...remedy === null ? [] : [line(' ', of('text.dim', 'try   '), of('focus', remedy))],
		];
	}

	const stop = one.tookMs === null ? `${firstKey(screen, 'proxy.stop') ?? ''} gives it up` : '';
	if (one.status === null) {
		return one.isGivenUp === true ? [titledRule(screen, describeMissingResponse(one)), line(' ', one.note)] : [titledRule(screen, 'On its way', {right: stop})];
	}

	const isJson = one.type.includes('json') || /^\s*[[{]/.test(one.body);
	const isRedirect = one.status >= 300 && one.status < 400;
	const givenUp = one.isGivenUp === true ? `, given up after ${formatBytes(one.bytes)}` : '';
	const title = `${one.status}${isRedirect ? ' (not followed)' : ''}${givenUp}`;
	const right = [
		stop,
		one.type.split(';')[0],
		formatBytes(one.bytes),
		isJson ? `${firstKey(screen, 'proxy.json') ?? ''} ${proxy.json ? 'raw' : 'readable'}` : '',
		`${firstKey(screen, 'proxy.headers') ?? ''} headers`,
	].filter(part => part !== '').join(' · ');
	const headers = proxy.headers ? [...one.headers.map(([name, value]) => line(' ', of('json.key', `${sanitizeText(name)}: `), sanitizeText(value))), line('')] : [];
	return [
		titledRule(screen, title, {right}),
		...one.isGivenUp === true ? [line(' ', one.note)] : [],
		...headers,
		...bodyLines(one.body, isJson && proxy.json, size.columns),
	];
}

function bodyLines(body: string, readable: boolean, width: number): Line[] {
	return formatBody(body, {readable}).split('\n').slice(0, 2000).map(row => line(' ', readable ? row : row.slice(0, width * 4)));
}
