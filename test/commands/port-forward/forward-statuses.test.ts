import test from 'ava';
import {forwardArguments} from '../../../source/commands/port-forward/forward-arguments.ts';
import {ForwardStatuses} from '../../../source/commands/port-forward/forward-statuses.ts';
import type {Basis, Path} from '../../../source/evidence/evidence.ts';
import {buildPath} from '../../../source/evidence/build-path.ts';
import {openConnection, flags, makeObservations, unverifiedFlags} from '../../support/observations.ts';

const cluster = {context: 'main', server: 'https://10.0.0.5:6443', version: 'v1.36.3', sandbox: false};
const open = buildPath(
	{...makeObservations({...openConnection, flags: [flags(unverifiedFlags)]}, 'port-forward')},
	{cluster, phase: 'settled', address: null, rttMs: {websocket: null, runtime: null}, error: null},
);

function withBasis(basis: Basis): Path {
	return {...open, legs: open.legs.map(leg => (leg.n === 2 ? {...leg, tls: {...leg.tls, basis}} : leg))};
}

/** The paths that the status of a forward has, whose tunnels have `paths`. */
function listed(paths: readonly Path[]): readonly Path[] {
	const [target] = forwardArguments(['web', '80']);
	const statuses = new ForwardStatuses([target!]);
	const {id: forward} = target!.ports[0]!;
	statuses.update({event: 'ready', forward, target: open.target, remotePort: 80, listen: [], host: null, tls: null} as never);
	const [status] = statuses.list(paths.map(path => ({path})));
	return status!.paths!;
}

test('tunnels whose paths differ only in a basis have two paths', t => {
	const [proven, inferred] = [withBasis('proven'), withBasis('inferred')];
	t.is(proven.line, inferred.line);
	t.deepEqual(listed([inferred, proven, inferred]), [inferred, proven]);
});

test('tunnels whose paths differ only in the apiserver process have two paths', t => {
	const other = {...open, process: {...open.process, id: 'other'}};
	t.deepEqual(listed([open, other, open]), [open, other]);
});
