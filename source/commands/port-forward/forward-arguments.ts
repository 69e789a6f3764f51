/** Targets and ports of port-forward. */
import type {DetachedListener} from '../forwards/detached-forward-state.ts';
import {SpokeError} from '../../base/errors/spoke-error.ts';
import type {ForwardFileEntry} from '../../base/command-line/forward-file.ts';
import {
	type ForwardPort,
	type ForwardRequest,
	type OnPodLoss,
	localPortOf,
	namesProtocol,
	parsePortSpec,
} from '../../streams/port-forward/forward-request.ts';
import {type ListenAddress, parseLocalEnd} from '../../streams/port-forward/local-listener.ts';
import {parseTarget, type ParsedTarget} from '../../cluster/targets/parse-target.ts';
import {assertUsage} from '../usage.ts';

export type TargetWithPorts = {
	target: ParsedTarget;
	ports: readonly ForwardPort[];
	namespace?: string;
	addresses?: readonly ListenAddress[];
	onPodLoss?: OnPodLoss;
} & Pick<ForwardRequest, 'host'>;

type UnnumberedTarget = Omit<TargetWithPorts, 'ports'> & {ports: ReadonlyArray<Omit<ForwardPort, 'id'>>};

/** Names the ports of all targets `f1`, `f2`… in their order. */
export function numberPorts(targets: readonly UnnumberedTarget[]): readonly TargetWithPorts[] {
	let number = 0;
	return targets.map(target => ({
		...target,
		ports: target.ports.map(port => {
			number++;
			return {...port, id: `f${number}`};
		}),
	}));
}

/**
After the first target, an argument with a slash is another target, any other a port of the last one.
@throws SpokeError ERR_USAGE
*/
export function forwardArguments(positionals: readonly string[]): readonly TargetWithPorts[] {
	const found: Array<{target: ParsedTarget; ports: Array<Pick<ForwardPort, 'spec'>>}> = [];
	for (const argument of positionals) {
		const last = found.at(-1);
		if (!last || (argument.includes('/') && !namesProtocol(argument))) {
			found.push({target: parseTarget(argument), ports: []});
		} else {
			last.ports.push({spec: parsePortSpec(argument)});
		}
	}

	const without = found.find(({ports}) => ports.length === 0);
	if (without || found.length === 0) {
		throw new SpokeError(
			'ERR_USAGE',
			without ? `no port specified for ${without.target.input}` : 'TYPE/NAME and list of ports are required for port-forward',
			{remedy: 'spoke port-forward TARGET [LOCAL:]REMOTE…'},
		);
	}

	return numberPorts(found);
}

/** @throws SpokeError ERR_USAGE */
export function parseForwardEntries(lines: readonly ForwardFileEntry[]): readonly UnnumberedTarget[] {
	return lines.map(({target, ports, namespace, addresses, host, onPodLoss}): UnnumberedTarget => ({
		target: parseTarget(target),
		ports: ports.map(port => ({spec: parsePortSpec(port)})),
		...(namespace !== null && {namespace}),
		...((addresses.length > 0 || host !== null) && ownEnd({addresses: addresses.length === 0 ? null : addresses, host})),
		...(onPodLoss !== null && {onPodLoss}),
	}));
}

function ownEnd(given: Parameters<typeof parseLocalEnd>[0]): Pick<TargetWithPorts, 'addresses' | 'host'> {
	const {host, addresses} = parseLocalEnd(given);
	return {addresses, ...(host !== null && {host})};
}

/**
Of named ports, only equal names are known to be equal.
@throws SpokeError ERR_PORT_IN_USE
*/
export function assertUniquePorts(targets: readonly UnnumberedTarget[], addresses: readonly ListenAddress[]): void {
	const given = new Map<string, {asked: string; target: string}>();
	for (const {target, namespace = '', ports, addresses: own = addresses} of targets) {
		for (const {spec} of ports) {
			const port = localPortOf(spec);
			const name = port === null && spec.local === null ? `${namespace} ${target.input} ${spec.remote}` : null;
			for (const {address} of port === null && name === null ? [] : own) {
				const localEnd = `${address} ${port ?? name}`;
				const before = given.get(localEnd);
				if (before) {
					const [one, other] =
						before.target === target.input
							? [before.asked, spec.input]
							: [`${before.target} ${before.asked}`, `${target.input} ${spec.input}`];
					throw new SpokeError(
						'ERR_PORT_IN_USE',
						`${port === null ? `the local port of ${target.input} ${spec.remote}` : `local port ${port}`} is used twice, by ${one} and ${other}`,
					);
				}

				given.set(localEnd, {asked: spec.input, target: target.input});
			}
		}
	}
}

/** Local ports that the arguments name, and their hosts; others are free ports, or known to the cluster alone. */
export function requestedListeners(targets: readonly TargetWithPorts[]): readonly DetachedListener[] {
	return targets.flatMap(({host = null, ports}) =>
		ports.flatMap(({spec}) => {
			const port = localPortOf(spec);
			return port === null ? [] : [{host, port}];
		}),
	);
}

/** @throws SpokeError ERR_USAGE for a second context */
export function contextOfEntries(lines: readonly ForwardFileEntry[]): string | undefined {
	const [context, other] = new Set(lines.flatMap(line => line.context ?? []));
	assertUsage(
		other === undefined,
		`the file names two contexts, ${context} and ${other}, but one run can use only one`,
		'pass --context to choose one: lines that name the other are skipped',
	);
	return context;
}
