/** One command in several contexts at once. A failure in one context does not stop the others. */
import {Semaphore} from '../base/async/queues.ts';
import type {ConnectionFlags} from '../base/command-line/connection-flags.ts';
import {exitStatus} from '../base/errors/exit-status.ts';
import {toSpokeError, type SpokeError, errorText} from '../base/errors/spoke-error.ts';
import {jsonLine, jsonObject, type TextStream} from '../report/output/output-writer.ts';
import {sanitizeLine} from '../base/text/sanitize.ts';
import {toTerminalCharset} from '../base/text/terminal-charset.ts';

type ContextResult<Value> = {context: string} & ({value: Value; error: null} | {value: null; error: SpokeError});

/** Each context can start a credential plugin, and holds some connections. */
const maxAtOnce = 8;

/** The results in the order of the contexts. @throws the reason of `signal` */
export async function* runInContexts<Value>(
	contexts: ReadonlyArray<ConnectionFlags & {context: string}>,
	run: (flags: ConnectionFlags & {context: string}) => Promise<Value>,
	signal: AbortSignal,
): AsyncGenerator<ContextResult<Value>, void> {
	const semaphore = new Semaphore(maxAtOnce);
	const results = contexts.map(async (flags): Promise<ContextResult<Value>> => {
		const {context} = flags;
		try {
			return {context, value: await semaphore.run(async () => run(flags)), error: null};
		} catch (thrown) {
			return {context, value: null, error: toSpokeError(thrown)};
		}
	});
	for (const result of results) {
		const settled = await result;
		signal.throwIfAborted();
		yield settled;
	}
}

/** A requirement that is not met comes before one that is undecided, and both before the first failure. */
export function combineStatuses(statuses: readonly number[]): number {
	const required = [exitStatus.requireNotMet, exitStatus.requireUndecided].find(status => statuses.includes(status));
	return required ?? statuses.find(status => status !== exitStatus.ok) ?? exitStatus.ok;
}

/** Writes each line with the name of the context before it. */
export function prefixWithContext(stream: TextStream, context: string): TextStream {
	const name = sanitizeLine(context);
	return {
		isTTY: stream.isTTY,
		write: text => stream.write(text.replaceAll(/^(?=.)/gm, `${name}: `)),
	};
}

/** The line of an error on stderr. */
export function writeContextError(error: SpokeError, context: string, stderr: TextStream): void {
	prefixWithContext(stderr, context).write(`${toTerminalCharset(stderr, errorText(error))}\n`);
}

/** The `Error` object of one context. */
export function contextErrorLine(error: SpokeError, context: string): string {
	return jsonLine(jsonObject('Error', {...error.toJSON(), context}));
}
