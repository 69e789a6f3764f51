/** The spoken text of the selection. */
import {auditLegState} from '../../descriptions/describe-audit.ts';
import {worstPath} from './connection-list.ts';
import {listKinds} from '../lists/list-kinds.ts';
import {selectedRow} from '../lists/list-state.ts';
import {selectedExchange, selectedListener} from '../proxy/proxy-state.ts';
import {qualifyWithNamespace} from '../kit/qualify-name.ts';
import {currentList} from './session-state.ts';
import {cellNow} from '../lists/table-rows.ts';
import {numberAt, positionOf, shownLength, type TailView} from '../tail/tail-view.ts';
import {type WhyLayer, whyPath} from '../why/why-path.ts';
import {formatQuantity} from '../../text/format-number.ts';
import {sanitize} from '../../text/sanitize.ts';
import type {RenderInput} from '../kit/render-input.ts';
import {legSentences, spokenPage} from '../kit/spoken-path.ts';
import {pageOfText, said} from '../text/spoken-text.ts';
import {describeSearch} from '../text/text-page.tsx';

export function spokenSelection(screen: RenderInput): string[] {
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
				...(layer.search
					? [`Search for ${layer.search.text}: ${describeSearch(layer.search)}${found ? `, ${said(found, state.now)}` : ''}.`]
					: []),
				...pageOfText(screen, layer),
			];
		}

		case 'why': {
			return whySentences(screen, layer);
		}

		case 'help': {
			return [`Keys of ${layer.context}.`, ...pageOfText(screen, layer)];
		}

		case 'messages': {
			return [`Messages, ${state.messages.length}.`, ...pageOfText(screen, layer)];
		}

		default: {
			return state.pane === 'connections' ? connectionSentences(screen) : viewSentences(screen);
		}
	}
}

function whySentences(screen: RenderInput, layer: WhyLayer): string[] {
	if (layer.top > 0) {
		return ['Why, evidence:', ...pageOfText(screen, layer)];
	}

	const head = `Why: ${layer.about}.`;
	if (layer.error) {
		return [head, layer.error.message, ...(layer.path ? legSentences(layer.path) : [])];
	}

	const path = whyPath(screen.state, layer);
	return [head, ...(path ? legSentences(path) : pageOfText(screen, layer))];
}

/** A following tail speaks its path and counters. Otherwise it reads a page from the selected line on. */
function tailSentences(screen: RenderInput, tail: TailView): string[] {
	const {counts} = tail.buffer;
	const head = `Tail of ${tail.title}, ${tail.follow ? 'following' : 'not following'}. ${formatQuantity(counts.errors, 'error')}, ${formatQuantity(tail.counters.possibleGaps, 'possible gap')}, ${formatQuantity(tail.counters.reconnects, 'reconnect')}.`;
	if (tail.follow || shownLength(tail) === 0) {
		return [head, ...pathOfEntry(screen, tail.id)];
	}

	const from = positionOf(tail, tail.cursor);
	return [
		head,
		...Array.from({length: Math.min(spokenPage, shownLength(tail) - from)}, (_, index) => {
			const number = numberAt(tail, from + index);
			const line = tail.buffer.line(number);
			return `Line ${number + 1}: ${line === null ? '' : sanitize(line.bytes.toString('utf8', 0, 500))}`;
		}),
	];
}

function viewSentences(screen: RenderInput): string[] {
	const {state} = screen;
	switch (state.view) {
		case 'forwards': {
			const one = state.forwards[state.forwardCursor];
			if (one === undefined) {
				const sets = state.forwardSets.map(({name, count}) => `${name} with ${formatQuantity(count, 'forward')}`).join(', ');
				return [`Forwards, none.${sets === '' ? '' : ` Saved sets: ${sets}.`}`];
			}

			const way = `${one.local === null ? one.asked : `:${one.local}`} to ${qualifyWithNamespace(one.target, one.namespace, state.cluster.namespace)}:${one.remote}`;
			return [
				`Forwards, ${state.forwards.length}, ${state.forwardCursor + 1}: ${way}, ${one.phase}, ${one.note}, ${one.open} open.`,
				...pathOfEntry(screen, one.id),
			];
		}

		case 'proxy': {
			const exchange = selectedExchange(state.proxy);
			if (exchange) {
				const {method, asked, error, status, path, isCanceled, note} = exchange;
				const came = isCanceled === true ? [status, note].filter(part => part !== null).join(', ') : (status ?? 'waiting for the response');
				return [`Proxy: ${method} ${asked}, ${error ? error.message : came}.`, ...(path ? legSentences(path) : [])];
			}

			const listener = selectedListener(state.proxy);
			return [
				listener ? `Local API proxy at ${listener.address}, ${formatQuantity(listener.requests, 'request')}.` : 'Proxy, no requests yet.',
			];
		}

		case 'audit': {
			const {rows, at, busy, note} = state.audit;
			const row = rows[at];
			if (row === undefined) {
				return [`Audit, ${busy ? 'reading' : 'not read yet'}.`];
			}

			const found = row.leg === null && row.state === row.verdict ? row.verdict : `${row.verdict}, ${auditLegState(row)}`;
			return [`Audit, ${note}, ${at + 1}: ${row.id} ${row.title}, ${found}, ${row.basis}.`, ...row.lines.slice(0, 1).map(({text}) => text)];
		}

		case 'sandbox': {
			const sandboxSwitch = state.sandboxSwitches[state.sandboxCursor];
			const chosen =
				sandboxSwitch === undefined
					? ''
					: `${sandboxSwitch.label}: ${sandboxSwitch.values[sandboxSwitch.at] ?? ''}, ${sandboxSwitch.at + 1} of ${sandboxSwitch.values.length}. Effect: ${sandboxSwitch.effect}.`;
			return [`Sandbox. ${chosen}`, ...state.sandboxLog.slice(-1)];
		}

		default: {
			return listSentences(screen);
		}
	}
}

function connectionSentences(screen: RenderInput): string[] {
	const {connections, connectionCursor, cluster} = screen.state;
	const entry = connections[connectionCursor];
	if (entry === undefined) {
		return ['Connections, none.'];
	}

	const what = `${entry.kind} ${qualifyWithNamespace(entry.what, entry.namespace, cluster.namespace)}`;
	return [
		`Connections, ${connections.length}, ${connectionCursor + 1}: ${what}, ${entry.phase}${entry.note === '' ? '' : `, ${entry.note}`}.`,
		...pathOfEntry(screen, entry.id),
	];
}

function pathOfEntry({state: {connections}}: RenderInput, id: string): string[] {
	const path = worstPath(connections.find(one => one.id === id)?.paths.values() ?? []);
	return path === null ? [] : legSentences(path);
}

function listSentences({state}: RenderInput): string[] {
	const list = currentList(state);
	if (!list) {
		return [];
	}

	const kind = listKinds[list.name];
	const of = list.scope === null ? '' : ` of ${list.scope.of}`;
	const head = `${kind.title}${of}, ${list.visible.length} shown${list.filter === '' ? '' : `, filter ${list.filter}`}`;
	const row = selectedRow(list);
	if (row === null) {
		return [`${head}.${list.phase.kind === 'failed' ? ` ${list.phase.error.message}.` : ''}`];
	}

	const cells = kind.columns.flatMap((column, index) =>
		column.rank > 0 && column.title !== 'NODE' ? [] : [[column.title, cellNow(row, index, column, state.now)] as const],
	);
	const words = cells.map(([title, cell]) => cellText(title, cell)).filter(word => word !== '');
	return [
		`${head}, ${list.cursorIndex + 1}: ${[row.name, ...words].join(', ')}.`,
		...(state.selectedPath?.of === row.id && state.selectedPath.path ? legSentences(state.selectedPath.path) : []),
	];
}

/** `2 of 2 ready`, `node n7`. */
function cellText(title: string, cell: string): string {
	switch (title) {
		case 'READY': {
			return cell === '' ? '' : `${cell.replace('/', ' of ')} ready`;
		}

		case 'STATUS': {
			return /^[A-Z][a-z]+$/.test(cell) ? cell.toLowerCase() : cell;
		}

		case 'RESTARTS': {
			return cell === '' || cell === '0' ? '' : restartText(cell);
		}

		default: {
			return cell === '' ? '' : `${title.toLowerCase()} ${cell}`;
		}
	}
}

/** `1 restart, 5m ago`. */
function restartText(cell: string): string {
	const [, count, ago] = /^(\d+)(?: \((.+)\))?$/.exec(cell) ?? [];
	if (count === undefined) {
		return `restarts ${cell}`;
	}

	const times = formatQuantity(Number(count), 'restart');
	return ago === undefined ? times : `${times}, ${count === '1' ? ago : `the last ${ago}`}`;
}
