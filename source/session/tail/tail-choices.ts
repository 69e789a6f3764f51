/** Pickers of a tail. */
import {setTimeout as delay} from 'node:timers/promises';
import {formatQuantity} from '../../text/formats.ts';
import type {PickerItem} from '../dialogs/dialog.ts';
import {readFields} from '../../lines/line-fields.ts';
import {fullSourceName} from './tail-sources.ts';
import {toggleField, type TailSource, type TailView} from './tail-view.ts';
import type {ContainerSelection} from '../../streams/logs/follow-logs.ts';
import type {Notices, DialogAccess, StateAccess} from '../frame/session.ts';
import type {TailRun} from './tail-run.ts';
import {setView} from './open-tail.ts';
import {applyFilter} from './tail-search.ts';

/** Last lines that are scanned for fields. */
const scannedLines = 500;

export async function chooseFields(session: StateAccess & DialogAccess, tail: TailRun): Promise<void> {
	let last = '';
	for (;;) {
		const items = fieldItems(tail.view);
		const notes = items.length === 0 ? [`None of the last ${scannedLines} lines is JSON or logfmt.`] : [];
		const chosen = await session.pick({
			title: 'Fields',
			purpose: 'fields',
			heads: ['FIELD', '', 'SEEN IN'],
			keys: 'show or hide',
			toggles: true,
			notes,
			items: [allFields(tail.view), ...items],
			selected: last,
		});
		if (chosen === null) {
			return;
		}

		const {view} = tail;
		setView(session, tail, chosen === '' ? {...view, json: true, jsonChoice: true, fields: []} : toggleField(view, chosen));
		last = chosen;
	}
}

function allFields({fields}: TailView): PickerItem {
	return {id: '', cells: ['(all fields)', fields.length === 0 ? 'shown' : '', '']};
}

function fieldItems({buffer, fields}: TailView): PickerItem[] {
	const counts = new Map<string, number>();
	const first = Math.max(buffer.first, buffer.end - scannedLines);
	for (let number = first; number < buffer.end; number++) {
		for (const {name} of readFields(buffer.line(number)?.bytes.toString('utf8') ?? '') ?? []) {
			counts.set(name, (counts.get(name) ?? 0) + 1);
		}
	}

	return [...counts]
		.sort(([, one], [, other]) => other - one)
		.map(([name, count]) => ({
			id: name,
			cells: [name, fields.includes(name) ? 'shown' : '', `in ${count} of ${formatQuantity(buffer.end - first, 'line')}`],
		}));
}

const maxSourcesWaitMs = 1000;
const allContainers = 'all';
const onlyLead = 'only ';

export async function chooseSources(session: StateAccess & Notices & DialogAccess, tail: TailRun): Promise<void> {
	let last = '';
	for (;;) {
		const {sources} = tail.view;
		const chosen = await session.pick({
			title: 'Pods and containers',
			purpose: 'sources',
			items: sourceItems(sources, tail.request.containers),
			selected: last,
			keys: 'show or hide',
			toggles: true,
		});
		if (chosen === null) {
			return;
		}

		const containers = containersOf(chosen, tail.request.containers);
		if (containers !== null) {
			tail.request.containers = containers;
			tail.start(tail.view.since, tail.view.previous);
			await sourcesKnown(tail);
			last = chosen;
			continue;
		}

		last = chosen;
		const at = Number(chosen);
		const source = tail.view.sources[at]!;
		await applyFilter(session, tail, {sources: tail.view.sources.with(at, {...source, on: !source.on})});
	}
}

/** The list stays open, so that the key that closes it does not close the tail. */
async function sourcesKnown(tail: TailRun): Promise<void> {
	for (let waited = 0; waited < maxSourcesWaitMs && tail.view.sources.length === 0 && tail.view.phase === 'opening'; waited += 50) {
		await delay(50);
	}
}

function sourceItems(sources: readonly TailSource[], {kind}: ContainerSelection): PickerItem[] {
	const followed = new Set(sources.map(({container}) => container));
	const others = new Set(sources.flatMap(({besides = []}) => besides).filter(name => !followed.has(name)));
	return [
		...sources.map((source, index) => ({
			id: String(index),
			cells: [fullSourceName(source), source.on ? 'shown' : 'hidden', placeText(source)],
		})),
		...[...others].map(name => ({id: `${onlyLead}${name}`, cells: [name, 'not followed', 'Enter to follow only this one']})),
		{id: allContainers, cells: ['(all containers of these pods)', kind === 'all' ? 'followed' : 'not followed', '']},
	];
}

function placeText({state, node}: TailSource): string {
	return node === null ? state : `${state} on ${node}`;
}

/** `null` when a source was toggled. */
function containersOf(chosen: string, now: ContainerSelection): ContainerSelection | null {
	if (chosen === allContainers) {
		return now.kind === 'all' ? {kind: 'default'} : {kind: 'all'};
	}

	return chosen.startsWith(onlyLead) ? {kind: 'named', name: chosen.slice(onlyLead.length)} : null;
}
