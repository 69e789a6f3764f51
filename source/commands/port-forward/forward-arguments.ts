/** Which targets and which of their ports do the arguments of port-forward name? */
import {SpokeError} from '../../errors/spoke-error.ts';
import {namesProtocol, parsePortSpec} from '../../sessions/forward/port-spec.ts';
import type {ForwardPort} from '../../sessions/forward/forward-request.ts';
import {parseTarget, type ParsedTarget} from '../../targets/parse-target.ts';

export type TargetWithPorts = {target: ParsedTarget; ports: readonly ForwardPort[]};

/**
The first argument is a target; behind it an argument with a slash begins another one, and every other one is a port of the last.
@throws SpokeError ERR_USAGE
*/
export function forwardArguments(positionals: readonly string[]): readonly TargetWithPorts[] {
	const found: Array<{target: ParsedTarget; ports: ForwardPort[]}> = [];
	let number = 0;
	for (const argument of positionals) {
		const last = found.at(-1);
		if (!last || (argument.includes('/') && !namesProtocol(argument))) {
			found.push({target: parseTarget(argument), ports: []});
		} else {
			number++;
			last.ports.push({id: `f${number}`, spec: parsePortSpec(argument)});
		}
	}

	const without = found.find(({ports}) => ports.length === 0);
	if (without || found.length === 0) {
		throw new SpokeError('ERR_USAGE', without ? `no port is given for ${without.target.asked}` : 'TYPE/NAME and list of ports are required for port-forward', {remedy: 'spoke port-forward TARGET [LOCAL:]REMOTE…'});
	}

	return found;
}
