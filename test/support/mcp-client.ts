/** The SDK's own client, with `spoke mcp` as its server. */
import process from 'node:process';
import {text} from 'node:stream/consumers';
import type {Readable} from 'node:stream';
import {Client} from '@modelcontextprotocol/client';
import {StdioClientTransport} from '@modelcontextprotocol/client/stdio';
import type {ExecutionContext} from 'ava';
import type {ErrorObject, Path} from '../../source/evidence/evidence.ts';
import {builtProgram} from './run-spoke.ts';
import {schemaFaults} from './schemas.ts';

export type ToolResult = {
	tool: string;
	context: string | null;
	namespace: string | null;
	exitStatus: number | null;
	code: string | null;
	truncated: ReadonlyArray<{by: string; limit: number; message: string}>;
	clusterData: {
		paths: readonly Path[];
		pathLines: readonly string[];
		objects: ReadonlyArray<Record<string, unknown> & {kind: string}>;
		notices: readonly string[];
		error: ErrorObject | null;
	};
};

export type McpServerRun = {
	client: Client;
	/** Rejects for an object that violates its schema. */
	call(name: string, args?: Record<string, unknown>, options?: {signal?: AbortSignal}): Promise<ToolCallResult>;
	toolNames(): Promise<string[]>;
	/** Closes the client, and resolves to what the server wrote to stderr. */
	close(): Promise<string>;
};

export type ToolCallResult = {isError: boolean; text: string; result: ToolResult | null};

export async function startMcp(
	t: Pick<ExecutionContext, 'teardown'>,
	flags: readonly string[],
	env: NodeJS.ProcessEnv,
): Promise<McpServerRun> {
	const transport = new StdioClientTransport({
		command: process.execPath,
		args: [builtProgram, 'mcp', ...flags],
		env: {PATH: process.env['PATH'] ?? '', HOME: '/nonexistent', ...(env as Record<string, string>)},
		stderr: 'pipe',
	});
	const stderr = text(transport.stderr as Readable);
	const client = new Client({name: 'test', version: '1'});
	await client.connect(transport);
	const close = async () => {
		await client.close();
		return stderr;
	};

	t.teardown(close);
	return {
		client,
		async call(name, args = {}, options = {}) {
			const {content, structuredContent, isError = false} = await client.callTool({name, arguments: args}, options);
			const result = (structuredContent ?? null) as ToolResult | null;
			for (const object of result === null ? [] : [result, ...result.clusterData.objects]) {
				const faults = schemaFaults(object);
				if (faults.length > 0) {
					throw new Error(`the schema does not allow what ${name} answers: ${faults.slice(0, 3).join('; ')}`);
				}
			}

			return {isError, text: content.map(one => (one.type === 'text' ? one.text : '')).join('\n'), result};
		},
		toolNames: async () => (await client.listTools()).tools.map(({name}) => name),
		close,
	};
}

/** What stands between the two marks of a text, as objects. */
export function markedObjects(result: string): readonly unknown[] {
	const [, number] = /^--- cluster data ([\da-f]{32}) begins ---$/m.exec(result) ?? [];
	const lines = result.split('\n');
	const [from, to] = ['begins', 'ends'].map(word => lines.indexOf(`--- cluster data ${number} ${word} ---`)) as [number, number];
	return lines.slice(from + 1, to).map(line => JSON.parse(line) as unknown);
}
