/** What `spoke path` prints as text. */
import {describeLeg, describeProcess} from '../descriptions/describe-path.ts';
import {
	describeExposure,
	describeFinding,
	type DetailPart,
	needsLegend,
	type VerdictDescription,
	withLocation,
} from '../descriptions/describe-verdict.ts';
import type {Leg, Path, ClusterIdentity} from '../evidence/evidence.ts';
import {hubName} from '../evidence/path-line.ts';
import {sanitizeLine} from '../text/sanitize.ts';

/** Features with the same path are shown once. */
export function pathReport(paths: readonly Path[]): string {
	const groups = new Map<string, Path[]>();
	for (const path of paths) {
		const key = JSON.stringify([
			path.line,
			path.legs.map(({tls, route}) => [tls.state, tls.basis, route.state, route.basis]),
			path.exposure.state,
			path.exposure.basis,
		]);
		groups.set(key, [...(groups.get(key) ?? []), path]);
	}

	const [first] = paths;
	const head = first ? `${headLine(first)}\n\n` : '';
	return `${head}${[...groups.values()].map(group => section(group)).join('\n\n')}${legendOf(paths)}\n`;
}

function headLine(path: Path): string {
	const {cluster, target, legs} = path;
	const reached = target.name === target.asked ? '' : ` (${target.kind.toLowerCase()} ${target.name})`;
	const process = describeProcess(path).flatMap(({role, text}) => (role === 'binding' ? [] : [`, ${text}`]));
	return sanitizeLine(
		`${target.asked}${reached} on ${clusterName(cluster)}: ${hubName(legs[0]?.to)} ${cluster.version ?? 'of unknown version'}${process.join('')}`,
	);
}

function section(group: readonly Path[]): string {
	const path = group[0]!;
	return [
		group.map(({feature}) => feature).join(', '),
		`  ${sanitizeLine(path.line)}`,
		...path.legs.flatMap(leg => legLines(path, leg)),
		...verdictLines('exposure', describeExposure(path)),
		...path.findings
			.filter(({severity}) => severity !== 'info')
			.flatMap(finding => describeFinding(finding))
			.map(({role, text}) => (role === 'message' ? `  ! ${sanitizeLine(text)}` : `    ${role.padEnd(5)} ${sanitizeLine(text)}`)),
		...path.findings.filter(({severity}) => severity === 'info').map(({message}) => `  note    ${sanitizeLine(message)}`),
	].join('\n');
}

function legLines(path: Path, leg: Leg): string[] {
	const {n, from, to, tls, route, details} = describeLeg(path, leg);
	const address = leg.address === null ? '' : ` (${leg.address})`;
	return [
		`  leg ${n}   ${from} to ${to}${sanitizeLine(address)}`,
		...verdictLines('  TLS', tls),
		...verdictLines('  route', route),
		...details.filter(({role}) => role === 'agent').map(({text}) => `            agent ${sanitizeLine(text)}`),
	];
}

function verdictLines(title: string, {state, basis, details}: VerdictDescription): string[] {
	const texts = (role: DetailPart['role']) => details.filter(one => one.role === role).map(one => sanitizeLine(withLocation(one)));
	return [
		[`  ${title.padEnd(9)} ${state}${basis === null ? '' : `, ${basis}`}`, ...texts('reason')].join(': '),
		...texts('evidence').map(text => `            ${text}`),
		...needsOf(details).map(({role, text}) => `            ${`${role}:`.padStart(6)} ${sanitizeLine(text)}`),
	];
}

function needsOf(details: readonly DetailPart[]): DetailPart[] {
	return details.filter(({role}) => role === 'needs' || role === 'or' || role === 'and');
}

function legendOf(paths: readonly Path[]): string {
	const all = paths.flatMap(path => [
		...path.legs.flatMap(leg => [describeLeg(path, leg)].flatMap(({tls, route}) => [...tls.details, ...route.details])),
		...describeExposure(path).details,
	]);
	const legend = needsLegend(needsOf(all));
	return legend === null ? '' : `\n\n${legend}`;
}

/** The name of a cluster in a report. */
export function clusterName({context, server, sandbox}: ClusterIdentity): string {
	return `${context ?? server}${sandbox ? ' (sandbox)' : ''}`;
}
