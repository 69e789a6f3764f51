/** What a person chooses in a tail from a list: fields of JSON lines, pods and containers. */
import {allJsonFields} from '../../state/tail/json-fields.ts';
import {toggleField} from '../../state/tail/tail-view.ts';
import type {Session} from '../session.ts';
import type {TailRun} from '../tail-run.ts';
import {setView} from './current-tail.ts';
import {showLines} from './tail-search.ts';

/** Which fields of JSON lines are shown. */
export async function chooseFields(session: Session, run: TailRun): Promise<void> {
	let last = '';
	for (;;) {
		const names = new Map<string, number>();
		for (let number = Math.max(run.view.buffer.first, run.view.buffer.end - 500); number < run.view.buffer.end; number++) {
			for (const {name} of allJsonFields(run.view.buffer.line(number)?.bytes.toString('utf8') ?? '') ?? []) {
				names.set(name, (names.get(name) ?? 0) + 1);
			}
		}

		const items = [...names].sort((one, other) => other[1] - one[1]).map(([name, count]) => ({id: name, cells: [name, run.view.fields.includes(name) ? 'shown' : '', `${count} of the last lines`]}));
		const chosen = await session.pick({title: 'Fields', purpose: 'fields', heads: ['FIELD', '', 'SEEN IN'], items: [{id: '', cells: ['(all fields)', run.view.fields.length === 0 ? 'shown' : '', '']}, ...items], at: items.findIndex(({id}) => id === last) + 1, keys: 'show or hide', notes: items.length === 0 ? ['None of the last 500 lines is JSON.'] : []});
		if (chosen === null) {
			return;
		}

		if (chosen === '') {
			setView(session, run, {...run.view, json: true, fields: []});
			return;
		}

		setView(session, run, toggleField(run.view, chosen));
		last = chosen;
	}
}

/** Which pods and containers are shown, and whether all containers are followed, or another one. */
export async function chooseSources(session: Session, run: TailRun): Promise<void> {
	let at = 0;
	for (;;) {
		const items = run.view.sources.map((source, index) => ({id: String(index), cells: [`${source.pod}/${source.container}`, source.on ? 'shown' : 'hidden', `${source.state}${source.node === null ? '' : ` on ${source.node}`}`]}));
		const others = [...new Set(run.view.sources.flatMap(({besides = []}) => besides))].filter(name => run.view.sources.every(({container}) => container !== name));
		const chosen = await session.pick({title: 'Pods and containers', purpose: 'sources', items: [...items, ...others.map(name => ({id: `only ${name}`, cells: [name, 'not followed', 'Enter follows it alone']})), {id: 'all', cells: ['(all containers of these pods)', run.ask.containers.kind === 'all' ? 'followed' : 'not followed', '']}], at, keys: 'on or off'});
		if (chosen === null) {
			return;
		}

		if (chosen === 'all') {
			run.ask.containers = run.ask.containers.kind === 'all' ? {kind: 'default'} : {kind: 'all'};
			run.start(run.view.since, run.view.previous);
			return;
		}

		if (chosen.startsWith('only ')) {
			run.ask.containers = {kind: 'named', name: chosen.slice(5)};
			run.start(run.view.since, run.view.previous);
			return;
		}

		at = Number(chosen);
		const source = run.view.sources[at]!;
		await showLines(session, run, {sources: run.view.sources.with(at, {...source, on: !source.on})});
	}
}
