/** HTTP exchange: a request and its response. */
import type {IncomingMessage, ServerResponse} from 'node:http';
import {isJsonObject, type JsonObject} from '../../wire/json.ts';
import type {RequestInfo} from './request-info.ts';
import type {ApiFailure} from './status.ts';
import type {UserInfo} from './users.ts';

export type Exchange = {request: IncomingMessage; response: ServerResponse; info: RequestInfo; identity: UserInfo};

const maxBodyBytes = 3 * 1024 * 1024;

export function sendJson(
	{response}: Pick<Exchange, 'response'>,
	body: object,
	{
		status = 200,
		contentType = 'application/json',
	}: {
		status?: number;
		contentType?: string;
	} = {},
): void {
	const bytes = Buffer.from(`${JSON.stringify(body)}\n`);
	response
		.writeHead(status, {'cache-control': 'no-cache, private', 'content-type': contentType, 'content-length': bytes.length})
		.end(bytes);
}

export function sendText(
	{response}: Pick<Exchange, 'response'>,
	text: string,
	status = 200,
	contentType = 'text/plain; charset=utf-8',
): void {
	response
		.writeHead(status, {
			'cache-control': 'no-cache, private',
			'content-type': contentType,
			'x-content-type-options': 'nosniff',
			'content-length': Buffer.byteLength(text),
		})
		.end(text);
}

export function sendFailure(exchange: Pick<Exchange, 'response'>, failure: ApiFailure): void {
	for (const [name, value] of Object.entries(failure.headers)) {
		exchange.response.setHeader(name, value);
	}

	sendJson(exchange, failure.status, {status: failure.code});
}

/** `undefined` if too large or no JSON object. */
export async function readBody(request: IncomingMessage): Promise<JsonObject | undefined> {
	const chunks: Buffer[] = [];
	let size = 0;
	for await (const chunk of request as AsyncIterable<Buffer>) {
		size += chunk.length;
		if (size > maxBodyBytes) {
			return undefined;
		}

		chunks.push(chunk);
	}

	try {
		const body: unknown = JSON.parse(Buffer.concat(chunks).toString());
		return isJsonObject(body) ? body : undefined;
	} catch {
		return undefined;
	}
}
