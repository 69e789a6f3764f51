/** The settled path of a forward's tunnel. */
import type {Basis, Path} from '../../source/evidence/evidence.ts';
import {buildPath} from '../../source/evidence/build-path.ts';
import {openConnection, flags, makeObservations, unverifiedFlags} from './observations.ts';

const cluster = {context: 'main', server: 'https://10.0.0.5:6443', version: 'v1.36.3', sandbox: false};

export const forwardPath = buildPath(
	{...makeObservations({...openConnection, flags: [flags(unverifiedFlags)]}, 'port-forward')},
	{
		cluster,
		phase: 'settled',
		address: null,
		rttMs: {websocket: null, runtime: null},
		error: null,
	},
);

/** With another basis of leg 2's TLS. */
export function forwardPathWithBasis(basis: Basis): Path {
	return {...forwardPath, legs: forwardPath.legs.map(leg => (leg.n === 2 ? {...leg, tls: {...leg.tls, basis}} : leg))};
}
