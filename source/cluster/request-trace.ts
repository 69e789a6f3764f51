/** `-v=6`: one line per request on stderr, as kubectl prints. */
import {monotonicMs} from '../base/async/clock.ts';
import {sanitizeLine} from '../base/text/sanitize.ts';
import type {DialRoute} from './transport/open-socket.ts';

/** As in kubectl. Headers and bodies contain tokens and data, so higher levels print no more. */
export const traceVerbosity = 6;

export type RequestTrace = (line: string) => void;

type TracedRequest = {route: Pick<DialRoute, 'server'>; method?: string | undefined; path: string};

export async function traceRequest<Response extends {status: number; statusText: string}>(
	trace: RequestTrace | null,
	{route, method = 'GET', path}: TracedRequest,
	send: () => Promise<Response>,
): Promise<Response> {
	if (trace === null) {
		return send();
	}

	const startedAt = monotonicMs();
	const report = (end: string) => {
		trace(sanitizeLine(`request: ${method} ${route.server.shown}${path} ${end}, ${msSince(startedAt)}`));
	};

	try {
		const response = await send();
		report(`${response.status} ${response.statusText}`.trim());
		return response;
	} catch (error) {
		report(endOf(error));
		throw error;
	}
}

export async function traceConnect<Opened>(
	trace: RequestTrace | null,
	{server}: Pick<DialRoute, 'server'>,
	open: () => Promise<Opened>,
): Promise<Opened> {
	const startedAt = monotonicMs();
	try {
		return await open();
	} catch (error) {
		trace?.(sanitizeLine(`connection: ${server.shown} ${endOf(error)}, ${msSince(startedAt)}`));
		throw error;
	}
}

/** The reason of an interrupted command's abort is the name of its signal. */
function endOf(error: unknown): string {
	return error instanceof Error ? `failed: ${error.message}` : `aborted by ${String(error)}`;
}

function msSince(startedAt: number): string {
	return `${Math.round(monotonicMs() - startedAt)} ms`;
}
