/** Copies, saves or opens lines of a tail. */
import {positionOf, shownLength, shownNumbers, type TailView} from './tail-view.ts';
import {sanitize} from '../../text/sanitize.ts';
import type {Session} from '../frame/session.ts';
import {formatQuantity} from '../../text/format-number.ts';
import {toFileName, saveAs} from '../frame/save-as.ts';
import {writeNewFile} from '../frame/write-new-file.ts';
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

/** A snapshot of the view. In a file, no title says which logs it is of, so `origins` has a line for each log that has one in it. */
export function savedTexts(view: TailView): {origins: readonly string[]; texts: Iterable<string>} {
	const snapshot = {...view, buffer: view.buffer.snapshot()};
	return {origins: originsOf(snapshot, shownNumbers(view)), texts: textsOf(snapshot, shownNumbers(view))};
}

function originsOf({buffer, sources}: TailView, numbers: Iterable<number>): string[] {
	const origins = new Set<string>();
	for (const number of numbers) {
		const line = buffer.line(number);
		const source = line?.kind === 'text' ? sources[line.source] : undefined;
		if (source !== undefined) {
			origins.add(`-- ${clean(`log of ${source.namespace}/${source.pod}/${source.container} in context ${source.context}`)} --\n`);
		}
	}

	return [...origins];
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
	const name = `${toFileName(tail.request.title, 'tail')}-${new Date().toISOString().slice(0, 19).replaceAll(':', '')}.log`;
	await saveAs(session, {name, note: () => savedText(tail.view)}, async path => {
		await finishScan(tail);
		const {origins, texts} = savedTexts(tail.view);
		const count = await writeNewFile(path, concatenate(origins, texts));
		return `, ${formatQuantity(count - origins.length, 'line')}`;
	});
}

function* concatenate(...lists: ReadonlyArray<Iterable<string>>): Generator<string> {
	for (const list of lists) {
		yield* list;
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
