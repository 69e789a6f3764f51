/** The limits of one call, with tools that print what the test wants. */
import {once} from 'node:events';
import test from 'ava';
import {connectionFlags} from '../../../source/command-line/connection-flags.ts';
import {parseCommandLine} from '../../../source/command-line/parse-command-line.ts';
import {SpokeError} from '../../../source/errors/spoke-error.ts';
import type {Path} from '../../../source/evidence/evidence.ts';
import {ByteBudget, CapturedLines} from '../../../source/commands/mcp/captured-lines.ts';
import type {McpCall, McpTool} from '../../../source/commands/mcp/mcp-tool.ts';
import {runCall} from '../../../source/commands/mcp/run-call.ts';

const {flags} = parseCommandLine(connectionFlags, []);
const input = {
	place: {context: 'lab', namespace: 'default', flags},
	target: undefined,
	argv: [],
	requirements: {flags: {require: [], 'min-basis': 'proven'}, given: new Set<string>()},
	env: {},
} as const;
const limits = {maxBytes: 1000, maxTimeMs: 60_000};

async function run(tool: (call: McpCall) => Promise<number>, own: Partial<typeof limits> = {}) {
	const whole: McpTool = {name: 'x', title: '', about: '', target: 'none', parameters: [], place: 'namespace', isReadOnly: true, run: tool};
	return runCall(whole, input, {...limits, ...own}, new AbortController().signal);
}

test('keeps what was read before the time was over', async t => {
	const outcome = await run(
		async ({stdout, interrupted}) => {
			stdout.write('{"n":1}\n');
			await once(interrupted, 'abort');
			throw interrupted.reason as Error;
		},
		{maxTimeMs: 20},
	);
	t.like(outcome, {exitStatus: null, error: null, lines: ['{"n":1}'], truncated: [{by: 'time', limit: 20}]});
});

test('ends a tool that prints without end at the first line that does not fit', async t => {
	const outcome = await run(async ({stdout, interrupted}) => {
		for (let n = 0; !interrupted.aborted; n++) {
			stdout.write(`{"n":${n}}\n`);
			await new Promise(resolve => {
				setImmediate(resolve);
			});
		}

		return 143;
	});
	t.like(outcome, {exitStatus: null, truncated: [{by: 'bytes'}]});
	t.true(Buffer.byteLength(outcome.lines.join('')) <= limits.maxBytes);
	t.is(outcome.lines.at(-1), `{"n":${outcome.lines.length - 1}}`);
});

test('an error keeps its code, and a long text of it is shortened', async t => {
	const outcome = await run(async () => {
		throw new SpokeError('ERR_FORBIDDEN', 'no', {text: 'x'.repeat(10_000)});
	});
	t.like(outcome, {exitStatus: 7, error: {code: 'ERR_FORBIDDEN', message: 'no'}});
	t.is(outcome.error!.text, `${'x'.repeat(4096)}… (10000 characters)`);
});

test('gives four paths whole, and says how many it gives as lines', async t => {
	const pathTo = (uid: string, phase: string) => ({line: `path: ${uid}`, phase, target: {uid}}) as Path;
	const outcome = await run(async ({onPath}) => {
		onPath(pathTo('a', 'checking'));
		for (const uid of ['a', 'b', 'c', 'd', 'e', 'f']) {
			onPath(pathTo(uid, 'settled'));
		}

		return 0;
	});
	t.deepEqual(
		outcome.paths.map(({target, phase}) => [target.uid, phase]),
		['a', 'b', 'c', 'd'].map(uid => [uid, 'settled']),
	);
	t.deepEqual(
		outcome.pathLines,
		['a', 'b', 'c', 'd', 'e', 'f'].map(uid => `path: ${uid}`),
	);
	t.like(outcome.truncated, [{by: 'paths', limit: 4, message: '2 more paths are given only as lines, of up to 100'}]);
});

test('a line can come in several chunks, and the last one needs no line feed', t => {
	const lines = new CapturedLines(new ByteBudget(100, () => t.fail()));
	for (const chunk of ['{"a":', '1}\n{"b":2}\n', '\n', Buffer.from('{"c":"ü"').subarray(0, 7), Buffer.from('ü').subarray(1), '}']) {
		lines.write(chunk);
	}

	lines.endLine();
	t.deepEqual(lines.lines, ['{"a":1}', '{"b":2}', '{"c":"ü}']);
});
