/** Paths as text. */
import type {Evidence, Leg, Need, Path, Verdict} from '../evidence/evidence.ts';
import {sanitizeLine} from '../text/sanitize-line.ts';

/** Features with the same path are shown once. */
export function pathReport(paths: readonly Path[]): string {
	const groups = new Map<string, Path[]>();
	for (const path of paths) {
		const key = JSON.stringify([
			path.line,
			path.legs.map(({tls, route}) => [tls.state, tls.basis, route.state, route.basis]),
			path.crossing.state,
			path.crossing.basis,
		]);
		groups.set(key, [...(groups.get(key) ?? []), path]);
	}

	const [first] = paths;
	const head = first ? `${headLine(first)}\n\n` : '';
	return `${head}${[...groups.values()].map(group => section(group)).join('\n\n')}\n`;
}

function headLine({cluster, process, target, legs}: Path): string {
	const replicas =
		process.known === null ? '' : `, ${process.read} of ${process.known} apiserver${process.known === 1 ? '' : 's'} examined`;
	const who = process.id === null ? '' : `, process ${process.id} up since ${process.startTime ?? '?'}`;
	const reached = target.name === target.asked ? '' : ` (${target.kind.toLowerCase()} ${target.name})`;
	const location = `${cluster.context ?? cluster.server}${cluster.sandbox ? ' (sandbox)' : ''}`;
	const front = legs[0]?.to === 'gateway' ? 'gateway' : 'apiserver';
	return sanitizeLine(`${target.asked}${reached} on ${location}: ${front} ${cluster.version ?? 'of unknown version'}${who}${replicas}`);
}

function section(group: readonly Path[]): string {
	const path = group[0]!;
	const evidence = new Map(path.evidence.map(item => [item.id, item]));
	return [
		group.map(({feature}) => feature).join(', '),
		`  ${sanitizeLine(path.line)}`,
		...path.legs.flatMap(leg => legLines(leg, evidence)),
		...verdictLines('exposure', path.crossing, evidence, path.crossing.why),
		...path.findings
			.filter(({severity}) => severity !== 'info')
			.flatMap(({message, remedy, docs}) => [
				`  ! ${sanitizeLine(message)}`,
				...(remedy === null ? [] : [`    fix   ${sanitizeLine(remedy)}`]),
				...(docs === null ? [] : [`    docs  ${docs}`]),
			]),
		...path.findings.filter(({severity}) => severity === 'info').map(({message}) => `  note    ${sanitizeLine(message)}`),
	].join('\n');
}

function legLines(leg: Leg, evidence: ReadonlyMap<string, Evidence>): string[] {
	const address = leg.address === null ? '' : ` (${leg.address})`;
	return [
		`  leg ${leg.n}   ${leg.from} to ${legEnd(leg)}${sanitizeLine(address)}`,
		...verdictLines('  TLS', leg.tls, evidence, leg.tls.why),
		...verdictLines('  route', leg.route, evidence, leg.route.why),
		...(leg.route.agent === null ? [] : [`            agent ${sanitizeLine(leg.route.agent)}`]),
	];
}

function verdictLines(title: string, verdict: Verdict<string>, evidence: ReadonlyMap<string, Evidence>, why: string | undefined): string[] {
	return [
		`  ${title.padEnd(9)} ${verdict.state}${verdict.basis === 'unknown' ? '' : `, ${verdict.basis}`}${why === undefined ? '' : `: ${sanitizeLine(why)}`}`,
		...verdict.evidence.flatMap(id => {
			const item = evidence.get(id);
			return item
				? [`            ${sanitizeLine(`${item.observed}  (${item.where}${item.process === null ? '' : ` of ${item.process}`})`)}`]
				: [];
		}),
		...(verdict.state === 'unknown' || verdict.basis === 'inferred'
			? verdict.need.map(need => `            needs: ${sanitizeLine(needText(need))}`)
			: []),
	];
}

export function needText({permission, check, or}: Need): string {
	const right = permission === null ? null : `${permission}${check === null ? '' : ` (${check})`}`;
	return [right, or].filter(text => text !== null).join(', or ');
}

export function legEnd({to}: Pick<Leg, 'to'>): string {
	return to === 'unknown' ? 'an unknown server' : to;
}
