/** Audit rows in words and as a picture. */
import type {Audit, AuditRow, RowId, AuditedLeg} from '../../evidence/audit/audit-object.ts';
import type {Basis, RouteState} from '../../evidence/evidence.ts';
import {describeNeeds} from '../../evidence/rules/needs.ts';
import {describeCitations, describeFinding, routeName, tlsName, type DetailPart} from './describe-verdict.ts';
import {weakestBasis} from '../../evidence/rules/claims.ts';

export function describeAuditRow(
	row: AuditRow,
	{evidence}: Pick<Audit, 'evidence'>,
): {state: string; basis: string | null; details: readonly DetailPart[]} {
	const [message, ...advice] = describeFinding(row);
	return {
		state: auditRowState(row),
		basis: row.basis === 'unknown' ? null : row.basis,
		details: [
			message!,
			...(row.accepted === null ? [] : [{role: 'accepted' as const, text: row.accepted}]),
			...describeCitations(row.evidence, evidence),
			...row.exceptions.map(text => ({role: 'exception' as const, text})),
			...(row.verdict === 'unknown' || row.basis === 'inferred' ? describeNeeds(row.need) : []),
			...advice,
		],
	};
}

/** As `proven for 1 of 2 apiservers`. C5 counts kubelets. */
export function describeProvenFor({id, scope: {of, proven}}: Pick<AuditRow, 'id' | 'scope'>): string {
	return `proven for ${proven} of ${of ?? '?'} ${id === 'C5' ? 'kubelet' : 'apiserver'}${of === 1 ? '' : 's'}`;
}

/** The state of a row in words. Its title is the subject. */
export function auditRowState(
	{id, state, verdict}: Pick<AuditRow, 'id' | 'state' | 'verdict'>,
	{short = false}: {short?: boolean} = {},
): string {
	const name = rowStateNames[id]?.[state]?.[short ? 1 : 0] ?? auditStateName(state, {short});
	// Alone, the word would not say why the row passes.
	if (verdict === 'pass' && (state === 'plain' || state === 'unverified')) {
		return short ? name : `${name} inside the tunnel`;
	}

	return id === 'N5' && verdict === 'warn' && state === 'secured' ? `${name}, with warnings` : name;
}

/** With the route, because `unverified` means something else inside a tunnel. */
export function auditLegState(
	{leg, ...row}: Pick<AuditRow, 'id' | 'state' | 'verdict' | 'leg' | 'basis'>,
	layout: {short?: boolean} = {},
): string {
	if (!leg) {
		return auditRowState(row, layout);
	}

	// The basis of the row must not seem to be that of a route that is only inferred.
	const isWeakerRoute = row.basis === 'proven' && leg.route.basis === 'inferred';
	return [...(isWeakerRoute ? [] : [routeName(leg.route.state, layout)]), tlsName(leg.tls.state)].join(', ');
}

/** The basis of the state alone: that of a stream's row is the basis of its exposure. */
export function auditStateBasis({leg, state, basis}: Pick<AuditRow, 'state' | 'leg' | 'basis'>): Basis {
	return leg?.tls.state === state ? leg.tls.basis : basis;
}

function auditStateName(state: string, {short = false}: {short?: boolean} = {}): string {
	return stateNames[state]?.[short ? 1 : 0] ?? (state === 'unknown' ? state : routeName(state, {short}));
}

/** Long and short names; a state without an entry is its own name. */
const stateNames: Readonly<Record<string, readonly [long: string, short: string]>> = {
	'anonymous-granted': ['anonymous access granted', 'anonymous on'],
	approved: ['CSRs approved', 'CSRs approved'],
	'ca-equal': ['CA matches server’s', 'CA = server’s'],
	'in-use': ['in use', 'in use'],
	listening: ['listening beyond loopback', 'listening'],
	'no-root-certificate': ['no root CA', 'no root CA'],
	'none-seen': ['none found', 'none found'],
	'not-used': ['not used', 'not used'],
	'partly-alive': ['partially alive', 'part alive'],
	silent: ['no lease renewed', 'no lease'],
	'static-tokens': ['static tokens on', 'static tokens'],
	'your-leg': ['your connection unverified', 'unverified'],
};

/** Where a state means something else in this row than in others. */
const rowStateNames: Readonly<Partial<Record<RowId, Readonly<Record<string, readonly [long: string, short: string]>>>>> = {
	N6: {exposed: ['etcd reachable', 'etcd reachable']},
	C5: {protected: ['required', 'required']},
	C9: {impossible: ['not in this version', 'not used']},
	C10: {
		direct: ['not used (direct)', 'not used'],
		proxy: ['not used (proxy)', 'not used'],
		'ssh-tunnel': ['not used (ssh tunnel)', 'not used'],
	},
};

/** What a row is about, in a picture of the audit. */
export const auditEndNames = {
	N1: {text: 'kubelets', short: 'kubelets'},
	N2: {text: 'joining nodes', short: 'joining'},
	N3: {text: 'pods', short: 'pods'},
	N4: {text: 'components', short: 'components'},
	N6: {text: 'etcd, others', short: 'etcd, others'},
	C1: {text: 'logs', short: 'logs'},
	C2: {text: 'exec, attach', short: 'exec, attach'},
	C3: {text: 'port-forward', short: 'port-forward'},
	C4: {text: 'kubelets: all streams', short: 'kubelets'},
	C6: {text: 'nodes by proxy, not kubelets', short: 'nodes, not kubelets'},
	C7: {text: 'pods, through the proxy', short: 'pods/proxy'},
	C8: {text: 'services, through the proxy', short: 'services/proxy'},
} as const satisfies Partial<Record<RowId, {text: string; short: string}>>;

/** Left of the hub: the longest name and state, and an arrow. */
const columns = 36;

const strokes = {proven: '━', inferred: '╍', unknown: '┈'} as const;
const signs = {pass: '', warn: '! ', fail: '✗ ', unknown: '', 'not-applicable': ''} as const;
const left = ['N1', 'N2', 'N3', 'N4', 'N6'] as const;
const right = ['C1', 'C2', 'C3', 'C6', 'C7', 'C8'] as const;

/** The hub and its spokes, drawn by basis: ━ proven, ╍ inferred, ┈ unknown. */
export function hubPicture(rows: readonly AuditRow[]): string[] {
	// The left side has fewer rows.
	const lines = right.map((to, index) => {
		const from = left[index];
		const start = from ? incoming(auditEndNames[from].short, rowOf(rows, from)) : ' '.repeat(columns);
		const middle = index === Math.floor((right.length - 1) / 2) ? ' apiserver ' : '           ';
		return `${start}│${middle}│${outgoing(auditEndNames[to].short, rowOf(rows, to))}`;
	});
	const {route, kubelets} = pathToNodes(rows);
	return [
		`${' '.repeat(columns)}╭───────────╮`,
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
