/** Each source of evidence, where it alone decides and where it is unavailable. lab/postures.ts describes the servers. */
import {readFileSync} from 'node:fs';
import test from 'ava';
import {parse} from 'yaml';
import {Semaphore} from '../../source/base/async/queues.ts';
import type {ErrorObject} from '../../source/base/errors/spoke-error.ts';
import type {Audit} from '../../source/evidence/audit/audit-object.ts';
import {manifest, evidenceReaderRole, userRole} from '../../source/evidence/extra-requests.ts';
import type {EvidenceSource, Path, Verdict} from '../../source/evidence/evidence.ts';
import {applyUsers, bindRoleTo, resource, url, type Rule} from './lab/impersonated.ts';
import {hasKonnectivity} from './lab/programs.ts';
import type {PostureName} from './lab/postures.ts';
import {waitingPod} from './lab/workloads.ts';
import {objectsIn, useCluster, type Cluster, type LabServer} from './support/cluster.ts';

const tunnelTest = hasKonnectivity ? test.serial : test.serial.skip;

/** A row of sources.yaml: `spoke path`, `spoke audit`, or a stream whose printed path is examined. */
type Row = {
	source: EvidenceSource;
	/** The title of a row that decides, or of one in which the source is unavailable. */
	decides?: string;
	unavailable?: string;
	server: LabServer;
	/** Verbs, then a path, or a resource with its group. */
	rights?: readonly string[];
	command: string;
	shows: readonly string[];
	lacks?: readonly string[];
};

type Output = {path: Path | undefined; audit: Audit | undefined; error: ErrorObject | undefined};

const rows = parse(readFileSync(new URL('sources.yaml', import.meta.url), 'utf8')) as readonly Row[];

function ruleOf(right: string): Rule {
	const [what = '', ...verbs] = right.split(' ').toReversed();
	if (what.startsWith('/')) {
		return url(what);
	}

	const [name = '', ...group] = what.split('.');
	return resource([name], verbs, [group.join('.')]);
}

/** What the rows ask for: state, basis, needs and reason of each verdict of a path, and rows, replicas and evidence of an audit. */
function factsOf({path, audit, error}: Output): string[] {
	const [first, second] = path?.legs ?? [];
	const verdicts = {'leg 1': first?.tls, tls: second?.tls, route: second?.route, exposure: path?.exposure};
	return [
		...Object.entries<Verdict<string> | undefined>(verdicts).flatMap(([name, verdict]) =>
			verdict === undefined
				? []
				: [
						`${name} ${verdict.state} ${verdict.basis}`,
						`${name} because ${verdict.why}`,
						...verdict.need.map(({permission}) => `${name} needs ${permission}`),
					],
		),
		...((path ?? audit)?.evidence ?? []).flatMap(({rule, source, observed}) => [`rule ${rule}`, `source ${source} ${observed}`]),
		...(audit?.rows ?? []).flatMap(({id, verdict, state, basis, need}) => [
			`${id} ${verdict} ${state} ${basis}`,
			...(need.length > 0 ? [`${id} needs`] : []),
		]),
		...(audit ? [`replicas from ${audit.replicas.knownFrom}`, `replicas known ${audit.replicas.known}`] : []),
		...(error ? [`error ${error.code} on leg ${error.leg}`] : []),
	];
}

const userOf = (index: number) => `source-${index}`;

const postures: readonly PostureName[] = ['off-direct', 'good-direct', 'bad-direct', 'off-grpc', 'off-http', 'restarted', 'static-pod'];
let cluster: Cluster;

test.before(async () => {
	cluster = await useCluster({postures, nodes: ['n3', 'n6'], gateway: 'good-direct'});
	await cluster.apply(waitingPod('outdated', 'n6'));
	await applyUsers(
		cluster,
		postures,
		rows.map(({rights = []}, index) => ({name: userOf(index), rules: rights.map(right => ruleOf(right))})),
	);
	// An unused apiserver has counted nothing.
	await Promise.all(postures.map(async posture => cluster.kubectl(posture, 'logs finished-writer --tail=1')));
});

for (const [index, {source, decides, unavailable, server, command, shows, lacks = []}] of rows.entries()) {
	const isTunnelled = ['off-grpc', 'off-http', 'static-pod'].includes(server);
	// Passive reads disturb no counts, so they run at the same time, after the active ones.
	const ownTest = command.endsWith('--probe active') ? test.serial : test;
	const title = decides === undefined ? `${source} unavailable: ${unavailable}` : `${source} decides: ${decides}`;
	(isTunnelled && !hasKonnectivity ? test.skip : ownTest)(title, async t => {
		const output = await readOutput(server, command, userOf(index));
		const facts = factsOf(output);
		const begins = (wanted: string) => facts.some(fact => fact.startsWith(wanted) && !/\w/.test(fact.charAt(wanted.length)));
		t.deepEqual(
			{missing: shows.filter(wanted => !begins(wanted)), unwanted: lacks.filter(wanted => begins(wanted))},
			{missing: [], unwanted: []},
			facts.join('\n'),
		);
		if (decides !== undefined && source !== 'lease' && source !== 'endpoints') {
			t.true(begins(`source ${source}`), `${source} is among the evidence`);
		}

		for (const verdict of output.path?.legs.flatMap(({tls, route}) => [tls, route]) ?? []) {
			t.true(
				verdict.state !== 'unknown' || verdict.need.length > 0 || verdict.why !== undefined,
				'an unknown state has a need or a reason',
			);
		}
	});
}

test.serial('each source has a row that decides and one that is unavailable', t => {
	const sources = new Set(rows.map(({source}) => source));
	t.is(sources.size, 17);
	for (const source of sources) {
		const own = rows.filter(row => row.source === source);
		t.true(own.some(({decides}) => decides !== undefined) && own.some(({unavailable}) => unavailable !== undefined), source);
	}
});

/** As many as there are processors, so that none waits for the others' time limits. */
const reads = new Semaphore(2);

async function readOutput(server: LabServer, command: string, user: string): Promise<Output> {
	const isStream = command.startsWith('exec ');
	// The gateway impersonates the lab's users itself.
	const as = server === 'gateway' ? '' : ` --as ${user}`;
	const [words = '', remote = ''] = command.split(/(?= -- )/);
	const args = `${words}${isStream ? ' --path=json' : ' -o json'}${as}${remote}`;
	const {stdout, stderr} = await reads.run(async () => cluster.spoke(server, args, server === 'gateway' ? {user: 'plain'} : {}));
	const objects = objectsIn<Path | Audit | (ErrorObject & {kind: 'Error'})>(isStream ? stderr : stdout);
	return {
		path: objects.findLast(object => object.kind === 'Path'),
		audit: objects.findLast(object => object.kind === 'Audit'),
		error: objects.find(object => object.kind === 'Error'),
	};
}

tunnelTest('the two roles of docs/permissions.md decide all audit rows but the kubelet configuration', async t => {
	for (const role of [userRole, evidenceReaderRole]) {
		const applied = await cluster.kubectl('off-direct', 'apply -f -', {input: manifest(role)});
		t.is(applied.status, 0, applied.stderr);
		await bindRoleTo(cluster, ['off-grpc'], {role: role.name, user: 'prover', rule: role.rules.at(-1)!});
	}

	const {stdout} = await cluster.spoke('off-grpc', 'audit -n demo --probe active -o json --as prover');
	const audit = JSON.parse(stdout) as Audit;
	t.deepEqual(
		audit.rows.filter(({verdict}) => verdict === 'unknown').map(({id}) => id),
		['C5'],
	);
	// Other postures share the lab, and the audit reads their apiservers at their own addresses, so these are among its processes.
	t.true(audit.replicas.processes.some(({readOver}) => readOver === 'direct'));
	t.is(audit.rows.find(({id}) => id === 'C10')?.state, audit.replicas.agree === false ? 'mixed' : 'konnectivity');
});
