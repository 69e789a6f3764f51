/** Starts the balancer and the gateways in front of apiservers. */
import {chmod, mkdir, readFile, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import process from 'node:process';
import {fileURLToPath} from 'node:url';
import {authority, signed} from './certificates.ts';
import {writeConfiguration} from './configuration.ts';
import {apiserverServingPair} from './control-plane.ts';
import {findDaemon, startDaemon} from './daemon.ts';
import type {GatewaySettings} from './gateway.ts';
import {users, writeKubeconfig, type UserName} from './kubeconfig.ts';
import {controlPlaneAddress, type Lab} from './lab.ts';
import {postureOf, type PostureName} from './postures.ts';
import {startPosture} from './start.ts';
import {namespace} from './users.ts';
import {waitForPort} from './wait.ts';

const balancerPort = 7443;
const gatewayPort = 8443;
const twinPort = 9443;
const impersonatorPort = 8444;
const gatewayPrefix = '/k8s/clusters/lab';

/** Balances `replica-a` and `replica-b`. Resolves to a kubeconfig for each user. */
export async function startBalancer(lab: Lab): Promise<Record<UserName, string>> {
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
	return forEachUser(async user =>
		writeKubeconfig(lab, {
			name: `balancer-${user}`,
			server: `https://${host}:${balancerPort}`,
			subject: users[user],
			namespace,
		}),
	);
}

/** Resolves to a kubeconfig for each user, with a token and a server URL with a path. */
export async function startGateway(lab: Lab, posture: PostureName): Promise<Record<UserName, string>> {
	await runGateway(lab, posture, 'gateway', {
		port: gatewayPort,
		prefix: gatewayPrefix,
		serving: await signed(lab, 'gateway', 'gateway', {commonName: 'gateway', names: [controlPlaneAddress(lab)]}),
		users: Object.fromEntries(
			userInfos.map(([user, info]) => [`token-of-${user}`, {...info, closed: user === 'plain' ? ['/version'] : []}]),
		),
	});
	return forEachUser(async user =>
		writeTokenKubeconfig(lab, {
			name: `gateway-${user}`,
			server: `https://${controlPlaneAddress(lab)}:${gatewayPort}${gatewayPrefix}`,
			by: 'gateway',
			user,
		}),
	);
}

/**
As Pinniped and Teleport: its certificate and the client certificates that it accepts are from its own CA, and the server URL has no path.
*/
export async function startImpersonator(lab: Lab, posture: PostureName): Promise<Record<UserName, string>> {
	const {cert: caFile} = await authority(lab, 'gateway');
	await runGateway(lab, posture, 'impersonator', {
		port: impersonatorPort,
		prefix: '',
		serving: await signed(lab, 'gateway', 'gateway', {commonName: 'gateway', names: [controlPlaneAddress(lab)]}),
		userCa: caFile,
		users: Object.fromEntries(userInfos.map(([, info]) => [info.user, info])),
	});
	return forEachUser(async user =>
		writeKubeconfig(lab, {
			name: `impersonator-${user}`,
			server: `https://${controlPlaneAddress(lab)}:${impersonatorPort}`,
			subject: users[user],
			certificate: `impersonator-${user}`,
			by: 'gateway',
			namespace,
			caFile,
		}),
	);
}

/**
A gateway that no response distinguishes from an apiserver: it has the apiserver's certificate and key, accepts users' certificates, and
relays everything to one posture.
*/
export async function startTwin(lab: Lab, posture: PostureName): Promise<Record<UserName, string>> {
	await runGateway(lab, posture, 'twin', {
		port: twinPort,
		prefix: '',
		serving: await apiserverServingPair(lab),
		userCa: (await authority(lab, 'cluster')).cert,
		users: Object.fromEntries(userInfos.map(([, info]) => [info.user, info])),
	});
	return forEachUser(async user =>
		writeKubeconfig(lab, {
			name: `twin-${user}`,
			server: `https://${controlPlaneAddress(lab)}:${twinPort}`,
			subject: users[user],
			namespace,
		}),
	);
}

const userInfos = Object.entries(users).map(
	([user, {commonName, ...more}]) =>
		[user, {user: commonName, groups: ['groups' in more ? more.groups : [], 'system:authenticated'].flat()}] as const,
);

/**
Starts two gateways with the apiserver's certificate and key. They relay upgrades, logs and proxy requests to `streams`, all other requests
to `identity`. One accepts tokens. The other accepts client certificates and refuses SelfSubjectReview, which would name the certificate.
Writes kubeconfigs `split-token-…` and `split-certificate-…`.
*/
export async function startSplitter(lab: Lab, {identity, streams}: Splitter): Promise<void> {
	await startPosture(lab, streams);
	const host = controlPlaneAddress(lab);
	const suffix = `${identity}-${streams}`;
	const common = {prefix: '', serving: await apiserverServingPair(lab), streams: {host, port: 6443 + postureOf(streams).portOffset}};
	const ports = splitterPorts[identity === 'good-direct' ? 0 : 1];
	await runGateway(lab, identity, `split-token-${suffix}`, {
		...common,
		port: ports.token,
		users: Object.fromEntries(userInfos.map(([user, info]) => [`token-of-${user}`, info])),
	});
	await runGateway(lab, identity, `split-certificate-${suffix}`, {
		...common,
		port: ports.certificate,
		userCa: (await authority(lab, 'cluster')).cert,
		users: Object.fromEntries(userInfos.map(([, info]) => [info.user, info])),
		refused: ['/apis/authentication.k8s.io/v1/selfsubjectreviews'],
	});
	await forEachUser(async user => {
		await writeTokenKubeconfig(lab, {
			name: `split-token-${suffix}-${user}`,
			server: `https://${host}:${ports.token}`,
			by: 'cluster',
			user,
		});
		return writeKubeconfig(lab, {
			name: `split-certificate-${suffix}-${user}`,
			server: `https://${host}:${ports.certificate}`,
			subject: users[user],
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
	const file = await writeConfiguration(lab, `${name}-to-${posture}.json`, settings);
	await startDaemon(lab, name, [process.execPath, fileURLToPath(new URL('gateway.ts', import.meta.url)), file]);
	if (!(await findDaemon(lab, name))?.command.includes(file)) {
		throw new Error(`the ${name} of this lab relays to another posture than ${posture}`);
	}

	await waitForPort(name, host, own.port);
}

async function writeTokenKubeconfig(
	lab: Lab,
	{name, server, by, user}: {name: string; server: string; by: 'gateway' | 'cluster'; user: UserName},
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
contexts: [{name: gateway, context: {cluster: gateway, user: ${user}, namespace: ${namespace}}}]
clusters: [{name: gateway, cluster: {server: "${server}", certificate-authority-data: ${ca}}}]
users: [{name: ${user}, user: {token: token-of-${user}}}]
`,
	);
	await chmod(path, 0o600);
	return path;
}

async function forEachUser(make: (user: UserName) => Promise<string>): Promise<Record<UserName, string>> {
	const entries = await Promise.all((Object.keys(users) as UserName[]).map(async user => [user, await make(user)] as const));
	return Object.fromEntries(entries) as Record<UserName, string>;
}
