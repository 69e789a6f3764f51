import test from 'ava';
import {forwardArguments} from '../../../source/commands/port-forward/forward-arguments.ts';
import {ForwardStatuses} from '../../../source/commands/port-forward/forward-statuses.ts';
import type {Path} from '../../../source/evidence/evidence.ts';
import {forwardPath, forwardPathWithBasis} from '../../support/forward-path.ts';

/** The paths that the status of a forward has, whose tunnels have `paths`. */
function listed(paths: readonly Path[]): readonly Path[] {
	const [target] = forwardArguments(['web', '80']);
	const statuses = new ForwardStatuses([target!]);
	const {id: forward} = target!.ports[0]!;
	statuses.update({event: 'ready', forward, target: forwardPath.target, remotePort: 80, listen: [], host: null} as never);
	const [status] = statuses.list(paths.map(path => ({path})));
	return status!.paths!;
}

test('tunnels whose paths differ only in a basis have two paths', t => {
	const [proven, inferred] = [forwardPathWithBasis('proven'), forwardPathWithBasis('inferred')];
	t.is(proven.line, inferred.line);
	t.deepEqual(listed([inferred, proven, inferred]), [inferred, proven]);
});

test('tunnels whose paths differ only in the apiserver process have two paths', t => {
	const other = {...forwardPath, process: {...forwardPath.process, id: 'other'}};
	t.deepEqual(listed([forwardPath, other, forwardPath]), [forwardPath, other]);
});
