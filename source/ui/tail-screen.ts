/** The screen of a tail. */
import {worstPath, type ConnectionEntry} from '../state/connection-list.ts';
import {qualifyWithNamespace} from '../state/qualify-name.ts';
import {presentSources, type TailView} from '../state/tail/tail-view.ts';
import {titledRule} from './chrome.ts';
import {expandedLine} from './expanded-line.ts';
import {endedPathLineSpans, replicaLetter} from './path-line.ts';
import {hintedKey, type RenderInput} from './render-input.ts';
import {line, styled, type Line, type Span} from './styled-line.ts';
import {fitCounts, hasSourceRow, rowsForLines} from './tail-fit.ts';
import {tailLines} from './tail-lines.ts';
import {describeFarEnds, describeTailState, tailCounts, describeTailScope} from './describe-tail.ts';

export function tailScreen(screen: RenderInput, view: TailView, rows: number): Line[] {
	const {
		size: {columns},
		connections,
	} = screen.state;
	const entry = connections.find(({id}) => id === view.id);
	const detail = expandedLine(screen, view, rows);
	return [
		tailTitle(screen, view, entry, {focus: !isLineOpen(screen)}),
		...(hasSourceRow(view, columns) ? [sourceRow(screen, view)] : []),
		...(view.json ? [fieldsRow(screen, view)] : []),
		...tailLines(screen, view, rowsForLines(view, columns, rows, detail.length), columns),
		...detail,
		pathRow(screen, view, entry),
		countsRow(screen, view),
	];
}

function isLineOpen({state: {layers}}: RenderInput): boolean {
	const layer = layers.at(-1);
	return layer?.kind === 'tail' && layer.line !== null;
}

function tailTitle(screen: RenderInput, view: TailView, entry: ConnectionEntry | undefined, {focus}: {focus: boolean}): Line {
	const {
		state: {cluster},
		theme: {
			glyphs: {dot},
		},
	} = screen;
	// The current context may differ from that of the tail.
	const foreign = entry === undefined || entry.context === cluster.context ? '' : `on ${entry.context}`;
	const after = [foreign, describeTailScope(view, dot)].filter(part => part !== '').join(` ${dot} `);
	return titledRule(screen, `Tail ${qualifyWithNamespace(view.title, entry?.namespace ?? null, cluster.namespace)}`, {
		focus,
		after,
		right: describeTailState(view, dot),
		short: view.phase === 'following' ? describeTailState({...view, rate: null}, dot) : describeTailState(view, dot),
	});
}

const mostSources = 12;

const sourceSign = {open: 'open', ended: 'stopped', waiting: 'working', checking: 'working', interrupted: 'working'} as const;

function sourceRow({theme: {glyphs}}: RenderInput, {sources}: TailView): Line {
	// Present containers first, because a rollout leaves many that are gone.
	const present = new Set(presentSources(sources));
	const inOrder = [...present, ...sources.filter(source => !present.has(source))];
	return line(
		' ',
		...inOrder.slice(0, mostSources).flatMap(({short, color, on, state, node, note}): Span[] => {
			const sign = sourceSign[state];
			return [
				styled(`pod.${color}` as 'pod.1', short),
				{text: ' '},
				on ? styled(`state.${sign}`, glyphs[sign]) : styled('text.dim', 'off'),
				styled('text.dim', `${node === null ? '' : ` ${node}`}${note === '' ? '' : ` ${note}`}   `),
			];
		}),
	);
}

function fieldsRow(screen: RenderInput, {fields}: TailView): Line {
	const key = hintedKey(screen, 'tail.fields');
	return line(
		' ',
		styled('text.dim', `fields: ${fields.length === 0 ? 'all' : fields.join(' ')}`),
		...(key === undefined ? [] : [styled('key', `   ${key}`), styled('text.dim', ' choose')]),
	);
}

function pathRow({state: {processes, size}, theme: {glyphs}}: RenderInput, view: TailView, entry: ConnectionEntry | undefined): Line {
	const worst = worstPath(entry?.paths.values() ?? []);
	if (worst !== null && view.phase === 'waiting') {
		// No stream is open, so show the last path without colors.
		const was = 'no response now; was  ';
		const spans = endedPathLineSpans(
			worst,
			size.columns - 2 - was.length,
			glyphs,
			replicaLetter(processes, worst.process.id),
			describeFarEnds(view),
		);
		return line(' ', ...[{text: was}, ...spans].map(({text}) => styled('text.dim', text)));
	}

	if (worst !== null) {
		return line(
			' ',
			endedPathLineSpans(worst, size.columns - 2, glyphs, replicaLetter(processes, worst.process.id), describeFarEnds(view)),
		);
	}

	return line(
		' ',
		styled(
			'tls.unknown',
			['failed', 'ended', 'waiting'].includes(view.phase)
				? 'no open connection'
				: `${glyphs.strokes.unknown} checking ${glyphs.strokes.unknown}${glyphs.arrow}  leg 2 is determined within 2 s of the first connection`,
		),
	);
}

function countsRow(screen: RenderInput, view: TailView): Line {
	const problem = view.searchIndex?.problem ?? view.shownIndex?.problem ?? '';
	if (problem !== '') {
		return line(' ', styled('notice.error', problem));
	}

	const between = ` ${screen.theme.glyphs.dot} `;
	const counts = fitCounts(tailCounts(view, hintedKey(screen, 'tail.previous-log')), screen.state.size.columns - 2, between);
	return line(' ', ...counts.flatMap(({text, role}, index) => [...(index > 0 ? [styled('text.dim', between)] : []), styled(role, text)]));
}
