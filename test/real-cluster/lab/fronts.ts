/** Starts the balancer and the gateways in front of apiservers. */
import {chmod, mkdir, readFile, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import process from 'node:process';
import {fileURLToPath} from 'node:url';
import {authority, signed} from './certificates.ts';
import {writeConfiguration} from './configuration.ts';
import {apiserverServingPair} from './control-plane.ts';
import {startDaemon} from './daemon.ts';
import type {GatewaySettings} from './gateway.ts';
import {people, writeKubeconfig, type Person} from './kubeconfig.ts';
import {controlPlaneAddress, type Lab} from './lab.ts';
import {postureOf, type PostureName} from './postures.ts';
import {startPosture} from './start.ts';
import {namespace} from './users.ts';
import {waitForPort} from './wait.ts';

const balancerPort = 7443;
const gatewayPort = 8443;
const twinPort = 9443;
const gatewayPrefix = '/k8s/clusters/lab';

/** Balances `replica-a` and `replica-b`. Resolves to a kubeconfig for each person. */
export async function startBalancer(lab: Lab): Promise<Record<Person, string>> {
	const replicas: PostureName[] = ['replica-a', 'replica-b'];
	await Promise.all(replicas.map(async name => startPosture(lab, name)));
	const host = controlPlaneAddress(lab);
	const targets = replicas.map(name => `${host}:${6443 + postureOf(name).portOffset}`);
	await startDaemon(lab, 'balancer', [
		process.execPath,
		fileURLToPath(new URL('balancer.ts', import.meta.url)),
		`${host}:${balancerPort}`,
		...targets,
	]);
	await waitForPort('balancer', host, balancerPort);
	return forEachPerson(async person =>
		writeKubeconfig(lab, {
			name: `balancer-${person}`,
			server: `https://${host}:${balancerPort}`,
			subject: people[person],
			namespace,
		}),
	);
}

/** Resolves to a kubeconfig for each person, with a token and a server URL with a path. */
export async function startGateway(lab: Lab, posture: PostureName): Promise<Record<Person, string>> {
	await runGateway(lab, posture, 'gateway', {
		port: gatewayPort,
		prefix: gatewayPrefix,
		serving: await signed(lab, 'gateway', 'gateway', {commonName: 'gateway', names: [controlPlaneAddress(lab)]}),
		people: Object.fromEntries(
			knownPeople.map(([person, known]) => [`token-of-${person}`, {...known, closed: person === 'plain' ? ['/version'] : []}]),
		),
	});
	return forEachPerson(async person =>
		writeTokenKubeconfig(lab, {
			name: `gateway-${person}`,
			server: `https://${controlPlaneAddress(lab)}:${gatewayPort}${gatewayPrefix}`,
			by: 'gateway',
			person,
		}),
	);
}

/**
A gateway that no response distinguishes from an apiserver: it has the apiserver's certificate and key, accepts people's certificates, and
relays everything to one posture.
*/
export async function startTwin(lab: Lab, posture: PostureName): Promise<Record<Person, string>> {
	await runGateway(lab, posture, 'twin', {
		port: twinPort,
		prefix: '',
		serving: await apiserverServingPair(lab),
		peopleCa: (await authority(lab, 'cluster')).cert,
		people: Object.fromEntries(knownPeople.map(([, known]) => [known.user, known])),
	});
	return forEachPerson(async person =>
		writeKubeconfig(lab, {
			name: `twin-${person}`,
			server: `https://${controlPlaneAddress(lab)}:${twinPort}`,
			subject: people[person],
			namespace,
		}),
	);
}

const knownPeople = Object.entries(people).map(
	([person, {commonName, ...more}]) =>
		[person, {user: commonName, groups: ['groups' in more ? more.groups : [], 'system:authenticated'].flat()}] as const,
);

/**
Gateways with the apiserver's certificate and key that answer for `identity`, and send upgrades, logs and proxy requests to `streams`. One
takes tokens. The other takes certificates, and lets nobody ask by which one a user is known. Writes kubeconfigs `split-token-…` and
`split-certificate-…`.
*/
export async function startSplitter(lab: Lab, {identity, streams}: Splitter): Promise<void> {
	await startPosture(lab, streams);
	const host = controlPlaneAddress(lab);
	const ways = `${identity}-${streams}`;
	const common = {prefix: '', serving: await apiserverServingPair(lab), streams: {host, port: 6443 + postureOf(streams).portOffset}};
	const ports = splitterPorts[identity === 'good-direct' ? 0 : 1];
	await runGateway(lab, identity, `split-token-${ways}`, {
		...common,
		port: ports.token,
		people: Object.fromEntries(knownPeople.map(([person, known]) => [`token-of-${person}`, known])),
	});
	await runGateway(lab, identity, `split-certificate-${ways}`, {
		...common,
		port: ports.certificate,
		peopleCa: (await authority(lab, 'cluster')).cert,
		people: Object.fromEntries(knownPeople.map(([, known]) => [known.user, known])),
		refused: ['/apis/authentication.k8s.io/v1/selfsubjectreviews'],
	});
	await forEachPerson(async person => {
		await writeTokenKubeconfig(lab, {
			name: `split-token-${ways}-${person}`,
			server: `https://${host}:${ports.token}`,
			by: 'cluster',
			person,
		});
		return writeKubeconfig(lab, {
			name: `split-certificate-${ways}-${person}`,
			server: `https://${host}:${ports.certificate}`,
			subject: people[person],
			namespace,
		});
	});
}

export type Splitter = {identity: PostureName; streams: PostureName};

const splitterPorts = [
	{token: 9444, certificate: 9445},
	{token: 9446, certificate: 9447},
] as const;

async function runGateway(
	lab: Lab,
	posture: PostureName,
	name: string,
	own: Omit<GatewaySettings, 'host' | 'upstream' | 'client'>,
): Promise<void> {
	await startPosture(lab, posture);
	const host = controlPlaneAddress(lab);
	const settings: GatewaySettings = {
		...own,
		host,
		upstream: {host, port: 6443 + postureOf(posture).portOffset},
		client: {
			...(await signed(lab, 'client-gateway', 'cluster', {commonName: 'gateway', groups: ['system:masters']})),
			ca: (await authority(lab, 'cluster')).cert,
		},
	};
	const file = await writeConfiguration(lab, `${name}.json`, settings);
	await startDaemon(lab, name, [process.execPath, fileURLToPath(new URL('gateway.ts', import.meta.url)), file]);
	await waitForPort(name, host, own.port);
}

async function writeTokenKubeconfig(
	lab: Lab,
	{name, server, by, person}: {name: string; server: string; by: 'gateway' | 'cluster'; person: Person},
): Promise<string> {
	const ca = (await readFile((await authority(lab, by)).cert)).toString('base64');
	const folder = join(lab.folder, 'kubeconfigs');
	await mkdir(folder, {recursive: true});
	const path = join(folder, `${name}.yaml`);
	await writeFile(
		path,
		`apiVersion: v1
kind: Config
current-context: gateway
contexts: [{name: gateway, context: {cluster: gateway, user: ${person}, namespace: ${namespace}}}]
clusters: [{name: gateway, cluster: {server: "${server}", certificate-authority-data: ${ca}}}]
users: [{name: ${person}, user: {token: token-of-${person}}}]
`,
	);
	await chmod(path, 0o600);
	return path;
}

async function forEachPerson(make: (person: Person) => Promise<string>): Promise<Record<Person, string>> {
	const entries = await Promise.all((Object.keys(people) as Person[]).map(async person => [person, await make(person)] as const));
	return Object.fromEntries(entries) as Record<Person, string>;
}
