/** The proxy view: requests and listeners, and the path and response of the selected one. */
import {Box} from 'ink';
import type {ReactNode} from 'react';
import type {ActionId} from '../actions/action-table.ts';
import type {ErrorPart} from '../../report/descriptions/describe-error.ts';
import {describeMissingResponse, describeRedirect} from '../../report/descriptions/describe-proxy.ts';
import {clockTime, formatBytes, formatQuantity} from '../../base/text/formats.ts';
import {cellWidth, truncateToCells, fitToCells} from '../../base/text/cell-width.ts';
import {proxyRowCount, selectedExchange, selectedListener, type ListenerState, type ProxyExchange} from './proxy-state.ts';
import {sanitizeText} from '../../base/text/sanitize.ts';
import {parseLosslessJson} from '../../base/text/escaping.ts';
import {worstPath} from '../frame/connection-list.ts';
import {pathBadge, pathLineSpans, replicaLetter} from '../kit/path-line-spans.ts';
import {pathVerdictLines, pathVerdicts, spokenPath} from '../frame/path-pane.tsx';
import {firstKey, sessionErrorParts, useScreenWith, type ScreenWith} from '../kit/screen-input.ts';
import {CursorRows, Rows, Row, Rule, useReading} from '../kit/styled-text.tsx';
import {itemLine, line, styled, type Line} from '../kit/styled-line.ts';
import type {Role} from '../kit/theme.ts';

const requestFrom = 37;

export function Proxy(): ReactNode {
	const screen = useScreenWith('proxy', 'size', 'cluster', 'others');
	const {proxy} = screen.state;
	const {method, request, listeners, exchanges, cursor} = proxy;
	const asked = [
		{text: ' '},
		styled('title', method),
		{text: `  ${request}`},
		styled('text.dim', request === '' ? 'svc/NAME:PORT/path' : ''),
	];
	if (proxyRowCount(proxy) === 0) {
		return (
			<>
				<Box paddingBottom={1}>
					<Row spans={asked} label="" />
				</Box>
				<Rows draw={() => emptyLines(screen)} />
			</>
		);
	}

	const selected = selectedExchange(proxy);
	const {title, right = '', lines} = selected === null ? passedRequests(screen, selectedListener(proxy)!) : answer(screen, selected);
	return (
		<>
			<Row spans={asked} label="" />
			<Row
				spans={[
					styled('text.dim', `   ${fitToCells('TIME', 10)}${fitToCells('CODE', 6)}${fitToCells('TOOK', 9)}${fitToCells('SIZE', 9)}REQUEST`),
				]}
				label=""
			/>
			<CursorRows
				lines={[
					...listeners.map((one, index) => listenerLine(screen, one, index === cursor)),
					...exchanges.map((one, index) => exchangeLine(screen, one, listeners.length + index === cursor)),
				].map((row, index) => ({...row, item: index}))}
				cursor={cursor}
				minHeight={3}
			/>
			<RequestPath exchange={selected} />
			<Rule title={title} right={right} />
			<Rows grow={3} draw={() => lines} />
		</>
	);
}

/** A listener shows the path of its last request. */
function RequestPath({exchange}: {readonly exchange: ProxyExchange | null}): ReactNode {
	const screen = useScreenWith('proxy', 'connections', 'size', 'processes');
	const {
		state: {proxy, connections, size, processes},
		theme: {glyphs},
	} = screen;
	const ofListener = connections.find(({id}) => id === selectedListener(proxy)?.id)?.paths.values() ?? [];
	const path = exchange === null ? worstPath(ofListener) : exchange.path;
	const reading = useReading(() => spokenPath(path));
	return (
		path && (
			<Box flexDirection="column" flexShrink={0} {...reading}>
				<Rule title={exchange === null ? 'Path of the last request' : 'Path'} right={`${firstKey(screen, 'why') ?? ''} why`} />
				<Row spans={[{text: ' '}, ...pathLineSpans(path, size.columns - 2, glyphs, replicaLetter(processes, path))]} />
				{pathVerdictLines(screen, path, pathVerdicts(path).slice(1), size.columns).map((row, index) => (
					<Row key={index} {...row} />
				))}
			</Box>
		)
	);
}

function exchangeLine(
	{theme: {glyphs}, state: {size, cluster, others}}: ScreenWith<'size' | 'cluster' | 'others'>,
	one: ProxyExchange,
	isAt: boolean,
): Line {
	const {status, tookMs} = one;
	const badge = one.path === null ? [] : pathBadge(one.path, glyphs);
	const askedWidth = size.columns - requestFrom - 3 - badge.reduce((sum, {text}) => sum + cellWidth(text), 0);
	const isForeign = one.namespace !== cluster.namespace && !/^(?:nodes?|no)\//.test(one.asked);
	const asked = `${one.method} ${one.asked}${isForeign ? ` in ${one.namespace}` : ''}${others.length === 0 ? '' : ` on ${one.context}`}`;
	const withoutCode = tookMs === null ? '…' : '–';
	return {
		...itemLine(isAt, glyphs.cursor, [
			{text: `${clockTime(one.time)}  `},
			styled(codeRole(status), fitToCells(status === null ? withoutCode : String(status), 6)),
			{text: fitToCells(tookMs === null ? '' : `${Math.round(tookMs)} ms`, 9)},
			{text: fitToCells(formatBytes(one.bytes), 9)},
			{text: `${badge.length > 0 && askedWidth >= 12 ? truncateToCells(asked, askedWidth, glyphs.more) : asked}  `},
			...badge,
			styled(one.error ? 'state.failed' : 'text.dim', one.note === '' ? '' : `  ${one.note}`),
		]),
		label: spokenExchange(one, asked),
	};
}

function spokenExchange({status, error, isCanceled, note}: ProxyExchange, asked: string): string {
	const response = isCanceled === true ? [status, note].filter(part => part !== null).join(', ') : (status ?? 'waiting for the response');
	return `${asked}, ${error ? error.message : response}`;
}

function codeRole(status: number | null): Role | undefined {
	if (status === null) {
		return 'state.failed';
	}

	return status >= 400 ? 'level.warn' : undefined;
}

function emptyLines(screen: ScreenWith<never>): Line[] {
	const key = (action: ActionId, words: string) =>
		line(' ', styled('key', firstKey(screen, action) ?? ''), styled('text.dim', ` ${words}`));
	return [
		line(' ', styled('text.dim', 'No requests yet.')),
		line(''),
		key('edit', 'enter a request: svc/NAME:PORT/path, pod/NAME:PORT/path, node/NAME/path'),
		line(' ', styled('text.dim', '  pods and services: plain HTTP; https:NAME uses TLS without verification')),
		key('proxy.listener', 'start a local API proxy, like kubectl proxy with stricter rules'),
	];
}

function listenerLine(
	{theme: {glyphs}, state: {cluster, others}}: ScreenWith<'cluster' | 'others'>,
	{since, address, requests, context}: ListenerState,
	isAt: boolean,
): Line {
	return itemLine(isAt, glyphs.cursor, [
		{text: `${clockTime(since)}  `},
		styled('state.open', fitToCells(glyphs.open, 6)),
		{text: ' '.repeat(18)},
		{
			text: `API proxy on ${address} ${glyphs.dot} ${formatQuantity(requests, 'request')}${context === cluster.context && others.length === 0 ? '' : ` ${glyphs.dot} ${context}`}`,
		},
	]);
}

type Details = {title: string; right?: string; lines: readonly Line[]};

function passedRequests(screen: ScreenWith<never>, {address, listenerUsers, log}: ListenerState): Details {
	const lines = [
		line(' ', styled('notice.warn', listenerUsers)),
		...(log.length === 0
			? [line(' ', styled('text.dim', 'No requests yet.'))]
			: log
					.toReversed()
					.map(({time, status, tookMs, request, error}) =>
						line(
							'   ',
							styled('text.dim', `${clockTime(time)}  `),
							styled(codeRole(error === null ? status : null), fitToCells(String(status), 6)),
							fitToCells(`${Math.round(tookMs)} ms`, 9),
							request,
							styled('state.failed', error === null ? '' : `  ${error}`),
						),
					)),
	];
	return {title: `http://${address}`, right: `${firstKey(screen, 'proxy.listener') ?? ''} stop`, lines};
}

function errorLine(role: ErrorPart['role'], text: string): Line[] {
	switch (role) {
		case 'where': {
			return [];
		}

		case 'message': {
			return [line(' ', styled('state.failed', text))];
		}

		default: {
			return [line(' ', styled('text.dim', role.padEnd(8)), role === 'fix' ? styled('focus', text) : sanitizeText(text))];
		}
	}
}

function answer(screen: ScreenWith<'proxy' | 'size'>, one: ProxyExchange): Details {
	const {
		state: {proxy, size},
	} = screen;
	if (one.error) {
		return {
			title: one.status === null ? describeMissingResponse(one) : `${one.status}, truncated after ${formatBytes(one.bytes)}`,
			lines: sessionErrorParts(one.error).flatMap(({role, text}) => errorLine(role, text)),
		};
	}

	const stop = one.tookMs === null ? `${firstKey(screen, 'stop') ?? ''} cancel` : '';
	if (one.status === null) {
		return one.isCanceled === true
			? {title: describeMissingResponse(one), lines: [line(' ', one.note)]}
			: {title: 'Waiting for the response', right: stop, lines: []};
	}

	const isJson = one.type.includes('json') || /^\s*[[{]/.test(one.body);
	const location = one.headers.find(([name]) => name === 'location')?.[1];
	const redirect = describeRedirect(one.status, location);
	const givenUp = one.isCanceled === true ? `, canceled after ${formatBytes(one.bytes)}` : '';
	const title = `${one.status}${redirect ? ` (${redirect.short})` : ''}${givenUp}`;
	const right = [
		stop,
		one.type.split(';')[0],
		formatBytes(one.bytes),
		isJson ? `${firstKey(screen, 'json') ?? ''} ${proxy.json ? 'raw' : 'formatted'}` : '',
		`${firstKey(screen, 'proxy.headers') ?? ''} headers`,
	]
		.filter(part => part !== '')
		.join(' · ');
	const headers = proxy.headers
		? [...one.headers.map(([name, value]) => line(' ', styled('json.key', `${sanitizeText(name)}: `), sanitizeText(value))), line('')]
		: [];
	const note = one.isCanceled === true ? [line(' ', one.note)] : [];
	const readable = isJson && proxy.json;
	const body = formatBody(one.body, {readable}).split('\n').slice(0, 2000);
	return {title, right, lines: [...note, ...headers, ...body.map(row => line(' ', readable ? row : row.slice(0, size.columns * 4)))]};
}

/** Cached, because a response is drawn many times. */
let laidOut = {body: '', readable: false, shown: ''};

/** `readable` formats JSON. The result is sanitized. */
export function formatBody(body: string, {readable}: {readable: boolean}): string {
	if (laidOut.body !== body || laidOut.readable !== readable) {
		laidOut = {body, readable, shown: sanitizeText(readable ? asReadable(body) : body)};
	}

	return laidOut.shown;
}

function asReadable(body: string): string {
	try {
		return /^\s*[[{]/.test(body) ? JSON.stringify(parseLosslessJson(body), null, 2) : body;
	} catch {
		return body;
	}
}
