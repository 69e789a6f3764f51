/** No word of spoke about a generated world is false, whoever lies. SPOKE_WORLDS=2000000 examines more worlds than usual. */
import './without-delays.ts';
import process from 'node:process';
import test from 'ava';
import {authority} from '../support/certificates.ts';

// Loaded after the delays are replaced.
const {checkWorlds, examineWorld, simplestWorld} = await import('./check-worlds.ts');
const {honestCells, knownToday, lostKnowledge, readCell} = await import('./honest-cells.ts');
const {stillFalse, witnesses} = await import('./witnesses.ts');
const {clusterAuthority} = await import('./world-client.ts');

const ca = clusterAuthority((await authority('cluster-ca')).certificate);
const count = Number(process.env['SPOKE_WORLDS'] ?? 20_000);
const from = Number(process.env['SPOKE_WORLDS_FROM'] ?? 0);

test(`of ${count} worlds, none makes spoke say what is false, except for known findings`, async t => {
	t.timeout(120_000 + count * 20);
	// A stack is half of the cost of an error that is expected.
	Error.stackTraceLimit = 0;
	const {unknown, claims} = await checkWorlds(ca, {from, count});
	t.deepEqual(unknown, [], unknown.join('\n\n'));
	t.true(claims > count, 'spoke says something of most worlds');
});

test('nothing about honest clusters is false, or became unknown', async t => {
	t.timeout(300_000);
	// With more worlds, all cells; each third one has every version, role and reading.
	const cells = honestCells().filter((_, index) => count > 20_000 || index % 3 === 0);
	for (const cell of cells) {
		const {known, violations} = await readCell(cell, ca);
		t.deepEqual(
			violations.map(({rule, claim, truth}) => `${rule}: ${claim.line}; true is ${truth}`),
			[],
			cell.name,
		);
		t.deepEqual(lostKnowledge(cell, knownToday[cell.name] ?? '', known), [], cell.name);
	}
});

for (const {name, world, rule, isThis} of witnesses) {
	test(`witness ${name}`, async t => {
		const whole = {...simplestWorld, ...world, lies: {...simplestWorld.lies, ...world.lies}};
		const {violations} = await examineWorld(whole, ca);
		const found = violations.map(one => `${one.rule} ${one.claim.what} ${one.says.state} ${one.says.basis}`);
		if (stillFalse.has(name)) {
			t.true(
				violations.some(violation => violation.rule === rule && isThis(violation, whole)),
				`mended: remove its name from stillFalse in witnesses.ts (found: ${found.join(', ') || 'nothing'})`,
			);
		} else {
			t.deepEqual(found, []);
		}
	});
}
