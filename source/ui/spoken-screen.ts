/** The screen as a few sentences, for a screen reader: nothing that ticks, no signs, names first. */
import type {Leg, Path} from '../posture/evidence.ts';
import {footerHints} from '../keymap/describe-keys.ts';
import {shownItems} from '../state/overlay.ts';
import {cursorRow} from '../state/list-state.ts';
import {listKinds, listNames, type ListName} from '../state/list-kinds.ts';
import {Sanitiser} from '../text/sanitise.ts';
import {routeWord} from './path-words.ts';
import type {Screen} from './screen.ts';

/** At most six lines. */
export function spokenLines(screen: Screen): string[] {
	const {state} = screen;
	const place = `${state.cluster.sandbox ? 'Sandbox' : state.cluster.context}, ${state.cluster.namespace ?? 'all namespaces'}.`;
	return [place, ...whatIsHere(screen), ...state.notice === null ? [] : [state.notice.text], typedLine(screen)].filter(line => line !== '').slice(0, 6);
}

function whatIsHere(screen: Screen): string[] {
	const {state, tail} = screen;
	const layer = state.layers.at(-1);
	if (layer?.kind === 'tail' && tail) {
		const number = tail.follow ? tail.buffer.end - 1 : tail.cursor;
		const line = tail.buffer.line(number);
		const {counts} = tail.buffer;
		const worst = tail.follow ? '' : `Line ${number + 1}: ${line === null ? '' : new Sanitiser().finish(line.bytes.toString('utf8', 0, 500))}`;
		// While it follows only what is bad is spoken: errors and gaps, by their counts.
		return [`Tail of ${tail.title}, ${tail.follow ? 'following' : 'held'}. ${counts.errors} errors, ${tail.counters.possibleGaps} possible gaps, ${tail.counters.reconnects} reconnects.`, worst];
	}

	if (layer?.kind === 'text') {
		return [`${layer.title} of ${layer.subject}, ${layer.right}.`, ...layer.lines.slice(layer.top, layer.top + 3).map(({label, text}) => `${label?.trim() ?? ''} ${text}`.trim())];
	}

	if (layer?.kind === 'why') {
		return [`Why: ${layer.about}.`, ...layer.error ? [layer.error.message] : [], ...layer.path ? legSentences(layer.path) : []];
	}

	if (!listNames.includes(state.view as ListName)) {
		return [`${state.view}.`];
	}

	const list = state.lists[state.view as ListName];
	const row = cursorRow(list);
	const kind = listKinds[list.name];
	const words = row === null ? 'nothing' : [row.name, ...kind.columns.map((column, index) => row.cells[index] === '' || column.rank > 0 ? '' : `${column.title.toLowerCase()} ${row.cells[index]}`).filter(word => word !== '')].join(', ');
	return [`${kind.title}, ${list.visible.length} shown, ${list.cursorIndex + 1}: ${words}.`, ...state.pathHere?.of === row?.name && state.pathHere?.path ? legSentences(state.pathHere.path) : []];
}

/** `Leg 2, apiserver to kubelet n7: unverified, proven; by konnectivity, inferred.` */
export function legSentences(path: Path): string[] {
	return path.legs.map((leg: Leg) => `Leg ${leg.n}, ${leg.from} to ${leg.to}${leg.n === 2 && path.target.node !== null ? ` ${path.target.node}` : ''}: ${leg.tls.state === 'unknown' ? 'TLS unknown' : leg.tls.state}, ${leg.tls.basis}; ${leg.route.state === 'unknown' ? 'route unknown' : `by ${routeWord(leg.route.state)}`}, ${leg.route.basis}.`);
}

function typedLine(screen: Screen): string {
	const {state: {overlay}, hints} = screen;
	switch (overlay?.kind) {
		case 'prompt': {
			return `${overlay.lead}${overlay.typed.text} ${overlay.problem ?? overlay.note}`.trim();
		}

		case 'picker': {
			const items = shownItems(overlay);
			return `${overlay.title}, ${items.length} choices. ${items[overlay.index]?.cells.join(', ') ?? 'nothing fits'}.`;
		}

		case 'form': {
			const field = overlay.fields[overlay.at]!;
			return `${overlay.title}. ${field.label}: ${field.value}. ${overlay.problem ?? field.note}`;
		}

		case 'confirm': {
			return `${overlay.question} ${overlay.details.join(' ')} ${footerHints(hints).map(({key, label}) => `${key} ${label}`).join(', ')}`;
		}

		default: {
			return footerHints(hints).slice(-2).map(({key, label}) => `${key} ${label}`).join(', ');
		}
	}
}

