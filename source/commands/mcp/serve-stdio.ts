/** MCP on stdin and stdout, by the official SDK. Loaded only by `spoke mcp`. */
import {Transform, pipeline, type Writable} from 'node:stream';
import {McpServer, ProtocolErrorCode, type CallToolResult} from '@modelcontextprotocol/server';
import {serveStdio as serveTransport, StdioServerTransport} from '@modelcontextprotocol/server/stdio';
import * as z from 'zod';
import type {FlagSpec} from '../../command-line/flag-spec.ts';
import {SpokeError} from '../../errors/spoke-error.ts';
import type {ToolArguments} from './mcp-tool.ts';

export type CallResult = {text: string; structured: object | null; isError: boolean};

export type ServedTool = {
	name: string;
	title: string;
	about: string;
	parameters: readonly FlagSpec[];
	required: readonly string[];
	isReadOnly: boolean;
	call(args: ToolArguments, signal: AbortSignal): Promise<CallResult>;
};

export type StdioServerConfig = {
	version: string;
	instructions: string;
	tools: readonly ServedTool[];
	stdin: NodeJS.ReadStream;
	stdout: NodeJS.WriteStream;
	interrupted: AbortSignal;
	onError(error: Error): void;
};

const newline = 0x0a;
/** A request has some hundred bytes. */
const maxMessageBytes = 1024 * 1024;
/** A client that reads nothing for this long has hung. */
const stallTimeoutMs = 60_000;
const maxTextCharacters = 4096;
const maxListLength = 32;

/**
Resolves when the client closes stdin, or at the abort of `interrupted`.
@throws the error of stdout if the client closes or does not read it
*/
export async function serveStdio({stdin, stdout, interrupted, onError, ...config}: StdioServerConfig): Promise<void> {
	const input = new ClientInput(stdout);
	const transport = new ClosableTransport(input, stdout);
	pipeline(stdin, input, () => undefined);
	let failure: Error | null = null;
	const handle = serveTransport(() => createServer(config), {
		transport,
		onerror(error) {
			const isOutputClosed = (error as NodeJS.ErrnoException).code === 'EPIPE';
			if (isOutputClosed || error instanceof ClientStalledError) {
				failure ??= error;
			}

			if (!isOutputClosed) {
				onError(error);
			}
		},
	});
	const close = () => {
		void handle.close();
	};

	interrupted.addEventListener('abort', close, {once: true});
	if (interrupted.aborted) {
		close();
	}

	await transport.closed;
	// An open stdin keeps the process running.
	stdin.destroy();
	if (failure !== null) {
		throw failure as Error;
	}
}

function createServer({version, instructions, tools}: Pick<StdioServerConfig, 'version' | 'instructions' | 'tools'>): McpServer {
	const server = new McpServer({name: 'spoke', version}, {instructions, capabilities: {tools: {listChanged: false}}});
	for (const {name, title, about, parameters, required, isReadOnly, call} of tools) {
		server.registerTool(
			name,
			{
				title,
				description: about,
				inputSchema: argumentsOf(parameters, required),
				// Logs and messages can hold any text.
				annotations: {title, readOnlyHint: isReadOnly, destructiveHint: false, openWorldHint: true},
			},
			async (args, {mcpReq: {signal}}): Promise<CallToolResult> => {
				const {text, structured, isError} = await call(args as ToolArguments, signal);
				return {content: [{type: 'text', text}], ...(structured !== null && {structuredContent: {...structured}}), isError};
			},
		);
	}

	return server;
}

/** Anything else is an error of the call. */
function argumentsOf(parameters: readonly FlagSpec[], required: readonly string[]) {
	return z.strictObject(
		Object.fromEntries(
			parameters.map(row => {
				const value = valueOf(row).describe(row.help);
				return [row.name, required.includes(row.name) ? value : value.optional()];
			}),
		),
	);
}

function valueOf({kind, oneOf}: FlagSpec): z.ZodType {
	switch (kind) {
		case 'boolean': {
			return z.boolean();
		}

		case 'integer': {
			return z.int();
		}

		case 'strings':
		case 'texts': {
			return z.array(z.string().max(maxTextCharacters)).max(maxListLength);
		}

		case 'duration':
		case 'string': {
			return oneOf ? z.enum(oneOf) : z.string().max(maxTextCharacters);
		}
	}
}

class ClosableTransport extends StdioServerTransport {
	readonly closed: Promise<void>;
	readonly #onClosed: () => void;

	constructor(...parameters: ConstructorParameters<typeof StdioServerTransport>) {
		super(...parameters);
		const {promise, resolve} = Promise.withResolvers<void>();
		this.closed = promise;
		this.#onClosed = resolve;
	}

	override async close(): Promise<void> {
		await super.close();
		this.#onClosed();
	}
}

class ClientStalledError extends SpokeError {
	constructor() {
		super('ERR_OUTPUT_CLOSED', `the client has read nothing for ${stallTimeoutMs / 1000} s`);
	}
}

/** Relays whole lines, and only while the client reads the responses, so that few responses wait. Answers a line over the limit itself. */
class ClientInput extends Transform {
	/** Of the line that has not ended; `null` if it is over the limit. */
	#begun: Buffer[] | null = [];
	readonly #stdout: Writable;

	constructor(stdout: Writable) {
		super();
		this.#stdout = stdout;
	}

	override _transform(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error) => void): void {
		this.#afterResponses(error => {
			for (let start = 0; start < chunk.length && !error;) {
				const end = chunk.indexOf(newline, start) + 1 || chunk.length;
				this.#take(chunk.subarray(start, end));
				start = end;
			}

			done(error);
		});
	}

	/** Without a newline except at its end. */
	#take(part: Buffer): void {
		const isEnd = part.at(-1) === newline;
		this.#begun?.push(part);
		const line = this.#begun && Buffer.concat(this.#begun);
		if (line && line.length - Number(isEnd) > maxMessageBytes) {
			const error = {code: ProtocolErrorCode.InvalidRequest, message: `the line has more than ${maxMessageBytes} bytes`};
			this.#stdout.write(`${JSON.stringify({jsonrpc: '2.0', id: null, error})}\n`);
			this.#begun = null;
		} else if (line && isEnd) {
			this.push(line);
		}

		if (isEnd) {
			this.#begun = [];
		}
	}

	#afterResponses(done: (stalled?: ClientStalledError) => void): void {
		if (!this.#stdout.writableNeedDrain) {
			done();
			return;
		}

		const timer = setTimeout(() => {
			this.#stdout.off('drain', pass);
			done(new ClientStalledError());
		}, stallTimeoutMs);
		const pass = () => {
			clearTimeout(timer);
			done();
		};

		this.#stdout.once('drain', pass);
	}
}
