/** What does the apiserver behind this connection have set, and how sure is that? */
import type {Basis, Citation, FlagFacts, Grounds, Reading} from '../evidence.ts';
import {cite, frontIsSure, isSameProcess} from './strength.ts';

export type FlagVerdict =
	| {known: true; value: string; basis: Basis; citations: readonly Citation[]; boundBy: 'same-connection' | 'all-replicas-agree' | 'none'}
	| {known: false; differs: boolean};

/**
The value of one flag. Read on this connection or of its process: proven. All replicas known, read, and of one mind: proven.
Some read and of one mind: inferred. Read and not of one mind: not known.
*/
export function apiserverFlag(grounds: Grounds, name: string, rule: (value: string) => string): FlagVerdict {
	const sure = frontIsSure(grounds);
	const own = grounds.flags.find(reading => isSameProcess(reading, grounds) && valueOf(reading, name) !== undefined);
	if (own) {
		const value = valueOf(own, name)!;
		return {known: true, value, basis: sure ? 'proven' : 'inferred', citations: [citation(own, name, value, rule)], boundBy: 'same-connection'};
	}

	const pod = podAtTheOtherEnd(grounds);
	if (pod) {
		const value = valueOf(pod, name)!;
		return {known: true, value, basis: sure ? 'proven' : 'inferred', citations: [citation(pod, name, value, rule)], boundBy: 'same-connection'};
	}

	const others = everyProcess(grounds).filter(reading => valueOf(reading, name) !== undefined);
	const values = new Set(others.map(reading => valueOf(reading, name)!));
	if (values.size !== 1) {
		return {known: false, differs: values.size > 1};
	}

	const [value] = values as unknown as [string];
	const all = allRead(grounds, others);
	return {
		known: true,
		value,
		basis: all && sure ? 'proven' : 'inferred',
		citations: others.map(reading => citation(reading, name, value, rule)),
		boundBy: all ? 'all-replicas-agree' : 'none',
	};
}

/** The value that a reading gives a flag; a name that a full list lacks stays unknown, an argument that is not given is the default. */
export function valueOf({facts}: Reading<FlagFacts>, name: string): string | undefined {
	return facts.values[name] ?? (facts.absent === 'default' ? '' : undefined);
}

/** One reading for each process: /flagz speaks for the running process, and mirror pods stand in where nothing else was read. */
export function everyProcess(grounds: Grounds): ReadonlyArray<Reading<FlagFacts>> {
	const byProcess = new Map(grounds.flags.map(reading => [reading.process ?? reading.connection, reading]));
	const pods = possiblePods(grounds);
	return byProcess.size > 0 && pods.length <= byProcess.size ? [...byProcess.values()] : pods;
}

/** The mirror pod whose process listens at the very address that our socket is connected to. */
function podAtTheOtherEnd({mirrorPods, socket}: Grounds): Reading<FlagFacts> | undefined {
	const remote = socket && !socket.facts.proxy ? socket.facts.remoteAddress : null;
	const found = mirrorPods.filter(pod => remote !== null && addressOf(pod) === remote);
	return found.length === 1 ? found[0] : undefined;
}

/** A pod on the address of our socket that listens on another port is not what answers us. */
function possiblePods({mirrorPods, socket}: Grounds): ReadonlyArray<Reading<FlagFacts>> {
	const remote = socket && !socket.facts.proxy ? socket.facts.remoteAddress : null;
	return mirrorPods.filter(pod => remote === null || hostOf(addressOf(pod)) !== hostOf(remote) || addressOf(pod) === remote);
}

/** `ip:port` that an apiserver's arguments make it serve and register. */
function addressOf(pod: Reading<FlagFacts>): string {
	const {values} = pod.facts;
	return `${values['advertise-address'] ?? values['bind-address'] ?? pod.where}:${values['secure-port'] ?? '6443'}`;
}

function hostOf(address: string): string {
	return address.replace(/:\d+$/, '');
}

/** Every replica that is known was read, none twice; of mirror pods, exactly those that register themselves. */
export function allRead({replicas}: Grounds, readings: ReadonlyArray<Reading<FlagFacts>>): boolean {
	const known = replicas?.facts.known ?? null;
	const distinct = new Set(readings.map(reading => reading.process ?? reading.where));
	if (known === null || known === 0 || distinct.size < known) {
		return false;
	}

	const pods = readings.filter(({source}) => source === 'mirror-pod').map(pod => addressOf(pod)).sort();
	return pods.length === 0 || (replicas!.facts.addresses !== null && JSON.stringify(pods) === JSON.stringify([...replicas!.facts.addresses].sort()));
}

function citation(reading: Reading<FlagFacts>, name: string, value: string, rule: (value: string) => string): Citation {
	return cite(reading, rule(value), `${name}=${JSON.stringify(value)}`);
}
