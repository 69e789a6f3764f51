/** Copies, saves or opens lines of a tail. */
import {levelNames} from '../../base/lines/line-level.ts';
import {effectiveFilter, positionOf, shownLength, shownNumbers, type TailView} from './tail-view.ts';
import {sanitize} from '../../base/text/sanitize.ts';
import type {Session} from '../frame/session.ts';
import {formatNumber, formatQuantity} from '../../base/text/formats.ts';
import {clusterOf} from '../lists/selection.ts';
import {saveAs, toFileName, writeNewFile} from '../frame/save-as.ts';
import {openInProgram} from '../shell/terminal-queue.ts';
import {finishScan} from './tail-search.ts';
import type {TailRun} from './tail-run.ts';
import {fullSourceName, hasContexts} from './tail-sources.ts';

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

/** `context`: of a tail of one context, whose sources do not name it. */
type SaveFacts = {context: string; now: number};

/**
A snapshot of the view. In a file, no title says which logs it is of and no row what it hides, so `head` has a line for each log that has
one in it, and one that counts the lines.
*/
export function savedTexts(view: TailView, {context, now}: SaveFacts): {head: readonly string[]; texts: Iterable<string>} {
	const snapshot = {...view, buffer: view.buffer.snapshot()};
	const {origins, lines} = originsOf(snapshot, shownNumbers(view), context);
	return {
		head: [...origins, countText(view, lines, now)].map(text => `-- ${clean(text)} --\n`),
		texts: textsOf(snapshot, shownNumbers(view)),
	};
}

function originsOf(view: TailView, numbers: Iterable<number>, context: string): {origins: ReadonlySet<string>; lines: number} {
	const origins = new Set<string>();
	let lines = 0;
	for (const number of numbers) {
		const line = view.buffer.line(number);
		const source = line?.kind === 'text' ? view.sources[line.source] : undefined;
		lines += line?.kind === 'text' ? 1 : 0;
		if (source !== undefined) {
			origins.add(`log of ${source.namespace}/${source.pod}/${source.container} in context ${source.context ?? context}`);
		}
	}

	return {origins, lines};
}

/** `150 of 600 lines, filter: order, level: warn and above, saved 2026-11-24T14:18:09Z`. */
function countText(view: TailView, lines: number, now: number): string {
	const all = view.buffer.counts.lines;
	return [
		lines === all ? formatQuantity(all, 'line') : `${formatNumber(lines)} of ${formatQuantity(all, 'line')}`,
		...(view.matchesOnly ? hiddenBy(view) : []),
		...(view.pausedAt === null ? [] : ['up to the pause']),
		...(view.buffer.first === 0 ? [] : [`${formatNumber(view.buffer.first)} dropped before`]),
		`saved ${new Date(now).toISOString().slice(0, 19)}Z`,
	].join(', ');
}

function hiddenBy(view: TailView): string[] {
	const {text, regex, inverse} = effectiveFilter(view);
	const off = view.sources.filter(({on}) => !on);
	return [
		...(text === '' ? [] : [`filter: ${inverse ? '!' : ''}${regex ? '~' : ''}${text}`]),
		...(view.level === 0 ? [] : [`level: ${levelNames[view.level]} and above`]),
		...(text === '' || view.context === 0 ? [] : [`context lines: ${view.context}`]),
		...(off.length === 0 ? [] : [`hidden: ${off.map(source => `${source.pod}/${source.container}`).join(' ')}`]),
	];
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
		const {head, texts} = savedTexts(tail.view, {context: clusterOf(session, tail.id).context, now: Date.now()});
		const count = await writeNewFile(path, concatenate(head, texts));
		return `, ${formatQuantity(count - head.length, 'line')}`;
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
