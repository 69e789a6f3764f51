/** The property, over worlds of a range of seeds: nothing that spoke says is false, except for findings that are known. */
import {Choices, shrink} from './choices.ts';
import {hiddenRequirements, type Violation, violationsIn} from './judge.ts';
import {type Claim, readWorld} from './readings.ts';
import type {ClusterAuthority} from './world-client.ts';
import {stillFalse, type Witness, witnesses} from './witnesses.ts';
import {anyWorld, type World} from './world.ts';

export type WorldsReport = {
	worlds: number;
	claims: number;
	/** How often each known finding was met. */
	known: ReadonlyMap<string, number>;
	/** In words, with the simplest world found; one of each kind. */
	unknown: readonly string[];
};

/** Of each kind of violation, one is made simpler and described. */
export async function checkWorlds(
	authority: ClusterAuthority,
	{from, count, onWorld}: {from: number; count: number; onWorld?: (world: World) => void},
): Promise<WorldsReport> {
	const met = new Map<string, number>();
	const unknown = new Map<string, string>();
	let claims = 0;
	for (let seed = from; seed < from + count; seed++) {
		const choices = new Choices(seed);
		const world = anyWorld(choices);
		onWorld?.(world);
		const {said, violations} = await examineWorld(world, authority);
		claims += said.length;
		for (const violation of violations) {
			const finding = known.find(one => one.isThis(violation, world));
			const kind = `${violation.rule} ${violation.claim.what} ${violation.says.state}`;
			if (finding) {
				met.set(finding.name, (met.get(finding.name) ?? 0) + 1);
			} else if (!unknown.has(kind) && unknown.size < maxDescribed) {
				unknown.set(kind, `seed ${seed}: ${describeViolation(...(await simplest(choices.made, violation, authority)))}`);
			}
		}
	}

	return {worlds: count, claims, known: met, unknown: [...unknown.values()]};
}

/** What spoke says of a world, and what of it violates the property. */
export async function examineWorld(
	world: World,
	authority: ClusterAuthority,
): Promise<{said: readonly Claim[]; violations: readonly Violation[]}> {
	const said = await readWorld(world, authority);
	const violations = violationsIn(world, said);
	if (world.lies.mirrorPods.length === 0) {
		return {said, violations};
	}

	const withoutPods = await readWorld({...world, lies: {...world.lies, mirrorPods: []}}, authority);
	return {said, violations: [...violations, ...hiddenRequirements(said, withoutPods)]};
}

const known: readonly Witness[] = witnesses.filter(({name}) => stillFalse.has(name));

const maxDescribed = 8;

/** The simplest world found in which the same rule is violated by the same reading, and by no known finding. */
async function simplest(choices: readonly number[], {rule, claim}: Violation, authority: ClusterAuthority): Promise<[World, Violation]> {
	let found: [World, Violation] | undefined;
	await shrink(choices, async candidate => {
		const world = anyWorld(new Choices(0, candidate));
		const violation = (await examineWorld(world, authority)).violations.find(
			one => one.rule === rule && one.claim.what === claim.what && !known.some(({isThis}) => isThis(one, world)),
		);
		found = violation ? [world, violation] : found;
		return violation !== undefined;
	});
	return found ?? [anyWorld(new Choices(0, choices)), {rule, claim, says: {state: '?', basis: '?'}, truth: '?'}];
}

function describeViolation(world: World, {rule, says, truth, claim}: Violation): string {
	return [
		`${rule}: ${claim.what} says ${says.state}, ${says.basis}`,
		`  true is: ${truth}`,
		`  ${claim.line}`,
		`  cited: ${claim.sources.join(', ') || 'nothing'}`,
		`  world: ${JSON.stringify(differences(world))}`,
	].join('\n');
}

export const simplestWorld = anyWorld(new Choices(0, []));

/** What of a world differs from the simplest one, as a known finding has it. */
export function differences(world: World): Partial<World> {
	const lies = Object.fromEntries(
		Object.entries(world.lies).filter(([name, lie]) => !isEqual(lie, simplestWorld.lies[name as keyof World['lies']])),
	);
	const own = Object.entries({...world, lies}).filter(
		([name, value]) => !isEqual(value, name === 'lies' ? {} : simplestWorld[name as keyof World]),
	);
	return Object.fromEntries(own);
}

function isEqual(one: unknown, other: unknown): boolean {
	return JSON.stringify(one) === JSON.stringify(other);
}
