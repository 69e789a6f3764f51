/** Copies, saves or opens lines of a tail. */
import {positionOf, shownLength, shownNumbers, type TailView} from './tail-view.ts';
import {sanitize} from '../../text/sanitize.ts';
import type {Session} from '../frame/session.ts';
import {formatQuantity} from '../../text/format-number.ts';
import {asFileName, expandHome, writeNewFile} from '../frame/write-new-file.ts';
import {openInProgram} from '../shell/external-programs.ts';
import {finishScan} from './seek-older-lines.ts';
import type {TailRun} from './tail-run.ts';
import {fullSourceName} from './tail-source.ts';
import {hasContexts} from './tail-sources.ts';

/** Removes colors and escapes everything that could control a terminal. */
export function clean(text: string): string {
	return sanitize(text.replaceAll(/\u001B\[[\d;:]*m/g, ''));
}

export function cleanText(view: TailView, number: number): string {
	const line = view.buffer.line(number);
	if (line === null) {
		return '';
	}

	const text = clean(line.bytes.toString('utf8'));
	return line.kind === 'text' ? text : `-- ${text} --`;
}

/** Reads a snapshot of the view. */
export function visibleTexts(view: TailView): Iterable<string> {
	return textsOf({...view, buffer: view.buffer.snapshot()}, shownNumbers(view));
}

function* textsOf(view: TailView, numbers: Iterable<number>): Generator<string> {
	for (const number of numbers) {
		yield `${when(view, number)}${whose(view, number)}${cleanText(view, number)}\n`;
	}
}

function when(view: TailView, number: number): string {
	const time = hasTimes(view) ? (view.buffer.line(number)?.time ?? 0) : 0;
	return time === 0 ? '' : `${new Date(time).toISOString()} `;
}

function whose(view: TailView, number: number): string {
	const line = hasNames(view) ? view.buffer.line(number) : null;
	const source = line?.kind === 'text' ? view.sources[line.source] : undefined;
	return source === undefined ? '' : `${fullSourceName(source)} `;
}

const hasTimes = ({times, plain}: TailView) => times !== 'none' && !plain;
const hasNames = (view: TailView) => view.names !== 'none' && (view.sources.length > 1 || hasContexts(view));

export async function saveTail(session: Session, tail: TailRun): Promise<void> {
	const name = `${asFileName(tail.ask.title, 'tail')}-${new Date().toISOString().slice(0, 19).replaceAll(':', '')}.log`;
	const answer = await session.promptForText({
		lead: 'save to ',
		purpose: 'save',
		accept: 'save',
		text: `~/${name}`,
		note: () => savedText(tail.view),
	});
	if (answer === null || answer.text === '') {
		return;
	}

	await finishScan(tail);
	try {
		const count = await writeNewFile(expandHome(answer.text), visibleTexts(tail.view));
		session.tell(`saved ${answer.text}, ${formatQuantity(count, 'line')}`);
	} catch (error) {
		session.tell(`not saved: ${(error as Error).message}`, 'error');
	}
}

function savedText(view: TailView): string {
	const parts = [...(hasTimes(view) ? ['times'] : []), ...(hasNames(view) ? ['names'] : [])];
	return parts.length === 0 ? 'plain text' : `with ${parts.join(', ')}`;
}

export async function openTailInProgram(session: Session, tail: TailRun, kind: 'pager' | 'editor'): Promise<void> {
	await finishScan(tail);
	const line = tail.view.follow ? shownLength(tail.view) : positionOf(tail.view, tail.view.cursor) + 1;
	await openInProgram(session, kind, visibleTexts(tail.view), line);
}
