/** A file that no group names never runs. */
import {readdirSync} from 'node:fs';
import test from 'ava';
import {groups, slices} from '../real-cluster/groups.ts';

test('each cluster test file is in one group, or in a slice that is no variant of the core', t => {
	const files = readdirSync(new URL('../real-cluster', import.meta.url)).filter(name => name.endsWith('.cluster.ts'));
	const core = groups.flatMap(group => group.files);
	const others = Object.values(slices).flatMap(slice => slice.files);
	t.is(new Set(core).size, core.length);
	t.deepEqual([...new Set([...core, ...others])].map(name => `${name}.cluster.ts`).sort(), files.sort());
});
