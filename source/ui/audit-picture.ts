/** The hub and its spokes, drawn from what an audit found: who comes to the apiserver at the left, where it goes at the right. */
import {cellWidth, fitToCells} from '../text/cell-width.ts';
import type {Audit, AuditRow, RowId} from '../posture/audit/audit-object.ts';
import type {Glyphs} from './glyphs.ts';

const leftRows: ReadonlyArray<readonly [string, RowId]> = [['kubelets', 'N1'], ['pods', 'N3'], ['components', 'N4'], ['joining', 'N2']];
const rightRows: ReadonlyArray<readonly [string, RowId]> = [['kubelets', 'C4'], ['nodes, by proxy', 'C6'], ['pods, by proxy', 'C7'], ['services, by proxy', 'C8']];

/** As many lines as there are spokes, and the hub's frame over and under them. */
export function auditPicture({rows}: Audit, glyphs: Glyphs, width: number): string[] {
	const {frame} = glyphs;
	const hub = ' apiserver ';
	const side = Math.max(20, Math.floor((width - cellWidth(hub) - 6) / 2));
	const row = (id: RowId) => rows.find(one => one.id === id)!;
	const middle = leftRows.map(([name, id], index) => {
		const [far, farId] = rightRows[index]!;
		const centre = index === 1 ? hub : ' '.repeat(cellWidth(hub));
		return `${spokeIn(name, row(id), side, glyphs)}${frame.side}${centre}${frame.side}${spokeOut(far, row(farId), side, glyphs)}`;
	});
	const edge = (left: string, right: string) => `${' '.repeat(side)}${left}${frame.along.repeat(cellWidth(hub))}${right}`;
	const said = (name: string, {state, verdict}: AuditRow) => `${name}: ${state === '' ? verdict : state}`;
	return [edge(frame.topLeft, frame.topRight), ...middle, `${edge(frame.bottomLeft, frame.bottomRight)}   ${said('konnectivity', row('C10'))}, ${said('ssh tunnels', row('C9'))}`];
}

function spokeIn(name: string, row: AuditRow, width: number, {strokes, arrow}: Glyphs): string {
	const words = `${name.padEnd(11)}${short(row)} `;
	const stroke = strokes[row.basis];
	return `${fitToCells(words, Math.min(cellWidth(words), width - 3))}${stroke.repeat(Math.max(1, width - cellWidth(words) - 1))}${arrow}`;
}

function spokeOut(name: string, row: AuditRow, width: number, {strokes, arrow}: Glyphs): string {
	const stroke = strokes[row.basis];
	return fitToCells(`${stroke}${stroke} ${short(row)} ${stroke}${arrow} ${name}`, width);
}

function short({verdict, state}: AuditRow): string {
	const words = state === '' ? verdict : state;
	return cellWidth(words) > 18 ? `${words.slice(0, 17)}…` : words;
}
