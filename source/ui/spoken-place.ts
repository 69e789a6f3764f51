/** What is under the cursor, said: name first, then what matters of it. */
import {exchangeHere, listenerHere} from '../state/proxy-state.ts';
import {lineLabel} from '../state/line-label.ts';
import {cursorRow} from '../state/list-state.ts';
import {listKinds} from '../state/list-kinds.ts';
import {listHere, type Layer, type TextLine} from '../state/session-state.ts';
import {worstPath} from '../state/connections.ts';
import {inNamespace} from '../state/in-namespace.ts';
import {cellNow} from '../state/table-rows.ts';
import {numberAt, placeOf, shownLength, type TailView} from '../state/tail/tail-view.ts';
import {counted} from '../text/grouped.ts';
import {sanitise} from '../text/sanitise.ts';
import {helpBody} from './help-screen.ts';
import type {Screen} from './screen.ts';
import {legSentences, spokenPage} from './spoken-words.ts';
import type {Line} from './styled-line.ts';
import {messageLines, searchWords} from './text-screen.ts';
import {whyBody} from './why-screen.ts';

export function spokenPlace(screen: Screen): string[] {
	const {state, tail} = screen;
	const layer = state.layers.at(-1);
	switch (layer?.kind) {
		case 'tail': {
			return tail ? tailSentences(screen, tail) : [];
		}

		case 'text': {
			const found = layer.lines[layer.search?.at ?? -1];
			return [
				`${layer.title} of ${layer.subject}${layer.right === '' ? '' : `, ${layer.right}`}.`,
				...layer.search ? [`Search for ${layer.search.text}: ${searchWords(layer.search)}${found ? `, ${said(found, state.now)}` : ''}.`] : [],
				...page(screen, layer),
			];
		}

		case 'why': {
			return layer.top === 0
				? [`Why: ${layer.about}.`, ...layer.error ? [layer.error.message] : [], ...layer.path ? legSentences(layer.path) : layer.error ? [] : page(screen, layer)]
				: ['Why, what was read:', ...page(screen, layer)];
		}

		case 'help': {
			return [`Keys of ${layer.context}.`, ...page(screen, layer)];
		}

		case 'messages': {
			return [`Messages, ${state.messages.length}.`, ...page(screen, layer)];
		}

		default: {
			return state.pane === 'connections' ? connectionSentences(screen) : viewSentences(screen);
		}
	}
}

/** A tail that follows speaks its way and what is bad only: errors and gaps, by their counts; held, it reads a page from the cursor on. */
function tailSentences(screen: Screen, tail: TailView): string[] {
	const {counts} = tail.buffer;
	const head = `Tail of ${tail.title}, ${tail.follow ? 'following' : 'held'}. ${counted(counts.errors, 'error')}, ${counted(tail.counters.possibleGaps, 'possible gap')}, ${counted(tail.counters.reconnects, 'reconnect')}.`;
	if (tail.follow || shownLength(tail) === 0) {
		return [head, ...pathOfEntry(screen, tail.id)];
	}

	const from = placeOf(tail, tail.cursor);
	return [head, ...Array.from({length: Math.min(spokenPage, shownLength(tail) - from)}, (_, index) => {
		const number = numberAt(tail, from + index);
		const line = tail.buffer.line(number);
		return `Line ${number + 1}: ${line === null ? '' : sanitise(line.bytes.toString('utf8', 0, 500))}`;
	})];
}

function viewSentences(screen: Screen): string[] {
	const {state} = screen;
	switch (state.view) {
		case 'forwards': {
			const one = state.forwards[state.forwardAt];
			return one === undefined
				? [`Forwards, none.${state.forwardSets.length === 0 ? '' : ` Saved sets: ${state.forwardSets.map(({name, count}) => `${name} of ${count}`).join(', ')}.`}`]
				: [`Forwards, ${state.forwards.length}, ${state.forwardAt + 1}: ${one.local === null ? one.asked : `:${one.local}`} to ${inNamespace(one.target, one.namespace, state.cluster.namespace)}:${one.remote}, ${one.phase}, ${one.note}, ${one.open} open.`, ...pathOfEntry(screen, one.id)];
		}

		case 'proxy': {
			const exchange = exchangeHere(state.proxy);
			const listener = listenerHere(state.proxy);
			return exchange
				? [`Proxy: ${exchange.method} ${exchange.asked}, ${exchange.error ? exchange.error.message : exchange.status ?? 'on its way'}.`, ...exchange.path ? legSentences(exchange.path) : []]
				: [listener ? `Proxy: listener on ${listener.address}, ${counted(listener.requests, 'request')}.` : 'Proxy, no request yet.'];
		}

		case 'audit': {
			const row = state.audit.rows[state.audit.at];
			return row === undefined
				? [`Audit, ${state.audit.busy ? 'reading' : 'not read yet'}.`]
				: [`Audit, ${state.audit.note}, ${state.audit.at + 1}: ${row.id} ${row.title}, ${row.verdict}${row.state === '' || row.state === row.verdict ? '' : `, ${row.state}`}, ${row.basis}.`, ...row.lines.slice(0, 1).map(({text}) => text)];
		}

		case 'sandbox': {
			const knob = state.sandboxKnobs[state.sandboxAt];
			return [`Sandbox. ${knob === undefined ? '' : `${knob.label}: ${knob.values[knob.at] ?? ''}, ${knob.at + 1} of ${knob.values.length}. A change: ${knob.effect}.`}`, ...state.sandboxLog.slice(-1)];
		}

		default: {
			return listSentences(screen);
		}
	}
}

function listSentences({state}: Screen): string[] {
	const list = listHere(state);
	if (!list) {
		return [];
	}

	const kind = listKinds[list.name];
	const head = `${kind.title}, ${list.visible.length} shown${list.filter === '' ? '' : `, filter ${list.filter}`}`;
	const row = cursorRow(list);
	if (row === null) {
		return [`${head}.${list.phase.kind === 'failed' ? ` ${list.phase.error.message}.` : ''}`];
	}

	const cells = kind.columns.flatMap(({title, rank}, index) => rank > 0 && title !== 'NODE' ? [] : [[title, cellNow(row, index, state.now)] as const]);
	const words = cells.map(([title, cell]) => cellWords(title, cell)).filter(word => word !== '');
	return [`${head}, ${list.cursorIndex + 1}: ${[row.name, ...words].join(', ')}.`, ...state.pathHere?.of === row.name && state.pathHere.path ? legSentences(state.pathHere.path) : []];
}

/** `2 of 2 ready`, `running`, `node n7`; no restarts are not worth a word. */
function cellWords(title: string, cell: string): string {
	switch (title) {
		case 'READY': {
			return cell === '' ? '' : `${cell.replace('/', ' of ')} ready`;
		}

		case 'STATUS': {
			return /^[A-Z][a-z]+$/.test(cell) ? cell.toLowerCase() : cell;
		}

		case 'RESTARTS': {
			return cell === '' || cell === '0' ? '' : restartWords(cell);
		}

		default: {
			return cell === '' ? '' : `${title.toLowerCase()} ${cell}`;
		}
	}
}

/** `1 restart, 5m ago` of `1 (5m ago)`; `3 restarts, the last 2h ago`. */
function restartWords(cell: string): string {
	const [, count, ago] = /^(\d+)(?: \((.+)\))?$/.exec(cell) ?? [];
	if (count === undefined) {
		return `restarts ${cell}`;
	}

	const times = counted(Number(count), 'restart');
	return ago === undefined ? times : `${times}, ${count === '1' ? ago : `the last ${ago}`}`;
}

function connectionSentences(screen: Screen): string[] {
	const {dock, dockAt, cluster} = screen.state;
	const entry = dock[dockAt];
	return entry === undefined ? ['Connections, none.'] : [`Connections, ${dock.length}, ${dockAt + 1}: ${entry.kind} ${inNamespace(entry.what, entry.namespace, cluster.namespace)}, ${entry.phase}${entry.note === '' ? '' : `, ${entry.note}`}.`, ...pathOfEntry(screen, entry.id)];
}

function pathOfEntry({state: {dock}}: Screen, id: string): string[] {
	const path = worstPath(dock.find(one => one.id === id)?.paths.values() ?? []);
	return path === null ? [] : legSentences(path);
}

type ReadLayer = Exclude<Layer, {kind: 'tail'}>;

function page(screen: Screen, layer: ReadLayer): readonly string[] {
	return spokenText(screen, layer).slice(layer.top, layer.top + spokenPage);
}

/** All of a text, as it is read aloud: a page of it at a time. */
export function spokenText(screen: Screen, layer: ReadLayer): readonly string[] {
	switch (layer.kind) {
		case 'text': {
			return layer.lines.map(one => said(one, screen.state.now));
		}

		case 'why': {
			return read(whyBody(screen, layer));
		}

		case 'help': {
			return read(helpBody(inOneColumn(screen), layer.context));
		}

		case 'messages': {
			return read(messageLines(screen));
		}
	}
}

function said(one: TextLine, now: number): string {
	return `${lineLabel(one, now)?.trim() ?? ''} ${one.text}`.trim();
}

/** What stands beside each other is not read as one line. */
function inOneColumn(screen: Screen): Screen {
	const {state} = screen;
	return {...screen, state: {...state, size: {...state.size, columns: 49}}};
}

/** Blank lines and rules are for eyes. */
function read(lines: readonly Line[]): readonly string[] {
	return lines.map(({spans}) => spans.map(({text}) => text).join('').replaceAll(/[\s─│━╍┈┤├-]{2,}/g, ' ').trim()).filter(text => text !== '');
}
