/** A response as a text screen. */
import {formatBody} from '../../state/format-body.ts';
import {describeMissingResponse, type ProxyExchange} from '../../state/proxy-state.ts';
import type {TextLine} from '../../state/session-state.ts';
import {sanitizeLine} from '../../text/sanitize-line.ts';
import {formatBytes} from '../../text/format-number.ts';
import type {Session} from '../session.ts';
import {openText} from '../texts/open-text.ts';

export function openResponseText(session: Session, exchange: ProxyExchange): void {
	const {method, asked, status, body, type, bytes} = exchange;
	openText(session, {
		title: status === null ? describeMissingResponse(exchange) : String(status),
		subject: `${method} ${asked}`,
		right: `${type.split(';')[0] ?? ''} ${formatBytes(bytes)}`.trim(),
		copy: body,
		lines: [
			...(exchange.isGivenUp === true ? [{text: exchange.note, role: 'notice.warn'} as const] : []),
			...errorLines(exchange),
			...headerLines(exchange),
			...(body === '' ? [] : [{text: 'Body', rule: true} as const]),
			...formatBody(body, {readable: session.store.state.proxy.json})
				.split('\n')
				.map((text): TextLine => ({text, asIs: true})),
		],
	});
}

function errorLines({error}: ProxyExchange): TextLine[] {
	if (!error) {
		return [];
	}

	const {message, text, remedy} = error;
	return [
		{text: message, role: 'state.failed'},
		...(text === null ? [] : [{label: 'server', text: sanitizeLine(text)}]),
		...(remedy === null ? [] : [{label: 'fix', text: remedy, role: 'focus'}]),
	];
}

function headerLines({headers}: ProxyExchange): TextLine[] {
	const wide = Math.max(...headers.map(([name]) => name.length + 2));
	return headers.map(([name, value]) => ({label: `${sanitizeLine(name)}:`.padEnd(wide), text: sanitizeLine(value), role: 'text.dim'}));
}
