/** Compares what spoke says of a world with the truth. */
import type {AdversaryId} from './authors.ts';
import type {Claim, Words} from './readings.ts';
import type {Process, World} from './world.ts';

export type Violation = {
	/** `proven-tls`, `rule-2-exposure`, `false-route`. The name under which a known finding stands. */
	rule: `${'proven' | 'rule-2' | 'false' | 'hidden'}-${Property}`;
	claim: Claim;
	says: Words;
	/** What is true of the processes in question. */
	truth: string;
};

type Property = 'tls' | 'route' | 'exposure' | 'server' | 'requirement';

/** Those who write only what rule 2 of the contract forbids as evidence: far ends, other nodes, and writers of objects. */
const farWriters: ReadonlySet<AdversaryId> = new Set(['node', 'all-nodes', 'workload', 'object-writer']);

const tunnels: ReadonlySet<string> = new Set(['konnectivity', 'egress', 'egress-http-connect', 'ssh-tunnel']);

/** What rule 2 forbids is true at least, where only far writers lie. */
const forbiddenStates: Readonly<Record<string, ReadonlySet<string>>> = {
	tls: new Set(['verified', 'enforced']),
	route: tunnels,
	exposure: new Set(['protected']),
};

export function violationsIn(world: World, claims: readonly Claim[]): readonly Violation[] {
	return claims.flatMap(claim => [...violationsOf(world, claim), ...falseServer(world, claim)]);
}

function violationsOf(world: World, claim: Claim): Violation[] {
	const said: ReadonlyArray<readonly [Property, Words | null]> = [
		['tls', claim.tls],
		['route', claim.route],
		['exposure', claim.exposure],
	];
	const ofVerdicts = said.flatMap(([property, words]) => (words === null ? [] : violationOf(world, claim, property, words)));
	const ofRequirements = claim.met.flatMap(met => {
		const [state = '', basis = ''] = met.split(' ');
		const isTrue = (process: Process) => meets(process, world, claim, state);
		return judged(world, claim, 'requirement', {state: `met: ${state}`, basis}, isTrue, {isForbidden: true});
	});
	return [...ofVerdicts, ...ofRequirements];
}

function violationOf(world: World, claim: Claim, property: Property, words: Words): Violation[] {
	const {state} = words;
	if (state === 'unknown') {
		return [];
	}

	const isTrue = (process: Process) => truthsOf(process, claim, property).includes(state);
	return judged(world, claim, property, words, isTrue, {isForbidden: forbiddenStates[property]?.has(state) === true});
}

/** Proven words are true of every process in question; inferred ones of one at least, if nobody lies whom they may rest on. */
function judged(
	world: World,
	claim: Claim,
	property: Property,
	says: Words,
	isTrue: (process: Process) => boolean,
	{isForbidden}: {isForbidden: boolean},
): Violation[] {
	const violation = (rule: 'proven' | 'rule-2' | 'false'): Violation[] => [
		{rule: `${rule}-${property}`, claim, says, truth: claim.about.map(process => describe(process)).join('; ')},
	];
	const isShown = says.basis === 'proven' || showsEnvironment(world);
	const trueOf = claim.about.filter(process => isTrue(isShown ? throughProxy(process, world, claim) : process)).length;
	if (says.basis === 'proven' && trueOf < claim.about.length) {
		return violation('proven');
	}

	if (trueOf > 0 || claim.about.length === 0) {
		return [];
	}

	if (isForbidden && !claim.isConfiguration && !mayAnswerForAnother(world)) {
		return violation('rule-2');
	}

	if (world.adversaries.length === 0) {
		// One connection may be carried by an apiserver that was not read; a gateway in front is a posture in which it can always be.
		return mayBeOfAnother(world) ? [] : violation('false');
	}

	return isForbidden && world.adversaries.every(id => farWriters.has(id)) && !mayBeOfAnother(world) ? violation('rule-2') : [];
}

/** What is known of another apiserver makes no open connection better, unless a server in front may have answered for its own. */
function mayAnswerForAnother({front, adversaries}: World): boolean {
	return front === 'front' || front === 'gateway' || !adversaries.every(id => farWriters.has(id) || id === 'twin');
}

const proxied: ReadonlySet<string> = new Set(['logs', 'node-proxy', 'pod-proxy', 'service-proxy']);

/** A request other than an upgrade goes to the proxy of the environment, outside of the tunnel. */
function throughProxy(process: Process, {hasEnvironmentProxy}: World, {feature}: Claim): Process {
	return hasEnvironmentProxy && proxied.has(feature) ? {...process, route: 'direct'} : process;
}

/** Whether spoke can see the environment. Where it cannot, what is inferred may leave a proxy out. */
function showsEnvironment({hasMirrorPods, rights, adversaries}: World): boolean {
	return hasMirrorPods && rights.includes('systemPods') && adversaries.length === 0;
}

/** Made-up pods may not hide that a requirement is not met: `undecided: allow` of a policy would open the stream. */
export function hiddenRequirements(claims: readonly Claim[], withoutPods: readonly Claim[]): readonly Violation[] {
	return claims.flatMap((claim, index) => {
		const before = withoutPods[index]?.what === claim.what ? withoutPods[index].notMet : [];
		const hidden = before.find(one => one.endsWith(' inferred') && !claim.notMet.includes(one));
		return hidden === undefined
			? []
			: [{rule: 'hidden-requirement', claim, says: {state: 'undecided', basis: 'unknown'}, truth: `${hidden}: not met without the pods`}];
	});
}

/** Inferred words can rest on another apiserver than the one in question. */
function mayBeOfAnother({processes, order}: World): boolean {
	const [first, ...others] = processes.filter((_, index) => order.some(choice => choice % processes.length === index));
	return others.some(process => process.verification !== first!.verification || process.route !== first!.route);
}

function falseServer({front}: World, claim: Claim): Violation[] {
	return claim.server === 'apiserver' && (front === 'front' || front === 'gateway')
		? [{rule: 'proven-server', claim, says: {state: 'apiserver', basis: 'proven'}, truth: `a ${front} ends leg 1`}]
		: [];
}

function truthsOf(process: Process, claim: Claim, property: Property): readonly string[] {
	switch (property) {
		case 'tls': {
			return tlsTruths(process, claim);
		}

		case 'route': {
			return routeTruths[process.route];
		}

		default: {
			return isProtected(process, claim) ? ['protected'] : ['exposed'];
		}
	}
}

function tlsTruths({verification}: Process, {feature, isConfiguration}: Claim): readonly string[] {
	if (feature === 'pod-proxy' || feature === 'service-proxy' || feature === 'aggregated') {
		return feature === 'aggregated' ? ['unverified'] : ['plain', 'unverified'];
	}

	switch (verification) {
		case 'off': {
			return ['unverified'];
		}

		case 'good': {
			return isConfiguration ? ['verified', 'enforced'] : ['verified'];
		}

		case 'bad': {
			return isConfiguration ? ['refused', 'enforced'] : ['refused'];
		}
	}
}

const routeTruths: Readonly<Record<Process['route'], readonly string[]>> = {
	direct: ['direct'],
	grpc: ['konnectivity'],
	'http-connect': ['konnectivity', 'egress-http-connect', 'egress'],
	ssh: ['ssh-tunnel'],
};

/** A tunnel of Konnectivity ends in the node network. Nothing is sent to a kubelet that is refused. */
function isProtected(process: Process, claim: Claim): boolean {
	return tlsTruths(process, claim).includes('unverified') ? process.route === 'grpc' || process.route === 'http-connect' : true;
}

function meets(process: Process, world: World, claim: Claim, state: string): boolean {
	switch (state) {
		case 'verified': {
			return !world.skipsVerification && !tlsTruths(process, claim).some(one => one === 'unverified' || one === 'plain');
		}

		case 'tunnelled': {
			return process.route !== 'direct';
		}

		default: {
			return isProtected(process, claim);
		}
	}
}

function describe({name, verification, route}: Process): string {
	return `${name}: kubelet CA ${verification}, route ${route}`;
}
