/** The hub and its spokes, drawn by basis: ━ proven, ╍ inferred, ┈ unknown. */
import {auditEndNames, auditRowState, auditStateBasis, auditStateName} from '../descriptions/describe-audit.ts';
import type {AuditedLeg, AuditRow, RowId} from '../evidence/audit/audit-object.ts';
import type {Basis, RouteState} from '../evidence/evidence.ts';
import {weakestBasis} from '../evidence/rules/claims.ts';

/** Left of the hub: the longest name and state, and an arrow. */
const columns = 36;

const strokes = {proven: '━', inferred: '╍', unknown: '┈'} as const;
const signs = {pass: '', warn: '! ', fail: '✗ ', unknown: '', 'not-applicable': ''} as const;
const left = ['N1', 'N2', 'N3', 'N4', 'N6'] as const;
const right = ['C1', 'C2', 'C3', 'C6', 'C7', 'C8'] as const;

export function hubPicture(rows: readonly AuditRow[]): string[] {
	const height = Math.max(left.length, right.length);
	const lines = [`${' '.repeat(columns)}╭───────────╮`];
	for (let index = 0; index < height; index++) {
		const from = left[index];
		const to = right[index];
		const middle = index === Math.floor((height - 1) / 2) ? ' apiserver ' : '           ';
		lines.push(
			`${from ? incoming(auditEndNames[from].short, rowOf(rows, from)) : ' '.repeat(columns)}│${middle}│${to ? outgoing(auditEndNames[to].short, rowOf(rows, to)) : ''}`.trimEnd(),
		);
	}

	const {route, kubelets} = pathToNodes(rows);
	return [
		...lines,
		`${' '.repeat(columns)}╰───────────╯`,
		`route to nodes: ${route}   kubelets: ${kubelets}   nodes to control plane: ${rowOf(rows, 'N5').verdict}   control plane to nodes: ${rowOf(rows, 'C11').verdict}`,
	];
}

/** Each with its basis: `direct, inferred`. */
export function pathToNodes(rows: readonly AuditRow[]): {route: string; kubelets: string} {
	const describe = (name: string, basis: Basis) => `${name}${basis === 'unknown' ? '' : `, ${basis}`}`;
	const route = routeToNodes(rows);
	const kubelets = kubeletsRow(rows);
	return {route: describe(route.name, route.basis), kubelets: describe(auditStateName(kubelets.state), auditStateBasis(kubelets))};
}

/** C10 says the route of exec; the other streams may have it with a weaker basis, or another route. */
export function routeToNodes(rows: readonly AuditRow[]): {name: string; basis: Basis} {
	const {state, basis} = rowOf(rows, 'C10');
	const common = commonRoute(rows, right);
	const states = right.map(id => rowOf(rows, id).leg?.route.state);
	if (common || !states.includes(state as RouteState)) {
		return {name: auditStateName(state), basis: common?.basis ?? basis};
	}

	const isKnown = states.every(one => one !== 'unknown');
	return {name: isKnown ? 'differs by stream' : 'unknown for some streams', basis: 'unknown'};
}

/** With the weakest basis; `null` if these streams do not all have the route that C10 names. */
export function commonRoute(rows: readonly AuditRow[], ids: readonly RowId[]): AuditedLeg['route'] | null {
	const {state, basis} = rowOf(rows, 'C10');
	const routes = ids.flatMap(id => rowOf(rows, id).leg?.route ?? []);
	const [first] = routes;
	return first?.state === state && routes.every(route => route.state === state)
		? {state: first.state, basis: weakestBasis(basis, ...routes.map(route => route.basis))}
		: null;
}

/** C4 if nothing is verified; otherwise C2, which may be a refusal. */
export function kubeletsRow(rows: readonly AuditRow[]): AuditRow {
	return rowOf(rows, rowOf(rows, 'C4').verdict === 'pass' ? 'C2' : 'C4');
}

function rowOf(rows: readonly AuditRow[], id: RowId): AuditRow {
	return rows.find(row => row.id === id)!;
}

function incoming(name: string, row: AuditRow): string {
	const stroke = strokes[row.basis];
	const start = `${`${name}:`.padEnd(14)}${stateOf(row, signs[row.verdict])} `;
	return `${start}${stroke.repeat(Math.max(1, columns - 1 - start.length))}►`;
}

function outgoing(name: string, row: AuditRow): string {
	const stroke = strokes[auditStateBasis(row)];
	// The line below the picture names the route.
	const start = `${stroke}${stroke} ${auditRowState(row, {short: true})} `;
	return `${start}${stroke.repeat(Math.max(2, 18 - start.length))}${row.broken ? '✗' : '►'} ${name}`;
}

function stateOf(row: AuditRow, sign: string): string {
	const name = `${sign}${auditRowState(row)}`;
	return name.length <= columns - 16 ? name : `${sign}${auditRowState(row, {short: true})}`;
}
