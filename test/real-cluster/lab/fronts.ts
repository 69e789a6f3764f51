/** Starts the balancer and the gateways in front of apiservers, and writes a kubeconfig NAME-USER for each user. */
import process from 'node:process';
import {fileURLToPath} from 'node:url';
import {authority, signed} from './certificates.ts';
import {writeConfiguration} from './configuration.ts';
import {apiserverServingPair, frontProxyPair} from './control-plane.ts';
import {findDaemon, startDaemon} from './daemon.ts';
import type {GatewaySettings} from './gateway.ts';
import {users, writeKubeconfig, type UserName} from './kubeconfig.ts';
import {controlPlaneAddress, type Lab} from './lab.ts';
import {postureOf, type PostureName} from './postures.ts';
import {startPosture} from './start.ts';
import {namespace} from './users.ts';
import {waitForPort} from './wait.ts';

const balancerPort = 7443;
const userNames = Object.keys(users) as UserName[];

/** Balances `replica-a` and `replica-b`. */
export async function startBalancer(lab: Lab): Promise<void> {
	const replicas: PostureName[] = ['replica-a', 'replica-b'];
	await Promise.all(replicas.map(async name => startPosture(lab, name)));
	const host = controlPlaneAddress(lab);
	const program = fileURLToPath(new URL('balancer.ts', import.meta.url));
	const targets = replicas.map(name => `${host}:${portOf(name)}`);
	await startDaemon(lab, 'balancer', [process.execPath, program, `${host}:${balancerPort}`, ...targets]);
	await waitForPort('balancer', host, balancerPort);
	for (const user of userNames) {
		await writeKubeconfig(lab, {name: `balancer-${user}`, server: `https://${host}:${balancerPort}`, subject: users[user], namespace});
	}
}

type Gateway = {
	port: number;
	/** Whose certificate it has, and whose client certificates it accepts; with `cluster`, it has the apiserver's own key. */
	by: 'gateway' | 'cluster';
	accepts: 'tokens' | 'certificates';
	/** Path before the apiserver's own. */
	prefix?: string;
	/** Paths that are refused to `plain`, and to everybody. */
	closed?: string[];
	refused?: string[];
	/** As kcp and vcluster: it tells the apiservers the user and the id of the certificate. */
	asFrontProxy?: true;
};

const gateways = {
	/** Tokens, and a server URL with a path. */
	gateway: {port: 8443, by: 'gateway', accepts: 'tokens', prefix: '/k8s/clusters/lab', closed: ['/version']},
	/** As Pinniped and Teleport: certificates of its own CA, and a server URL without a path. */
	impersonator: {port: 8444, by: 'gateway', accepts: 'certificates'},
	/** No response distinguishes it from an apiserver: it has the apiserver's key, and accepts its users' certificates. */
	twin: {port: 9443, by: 'cluster', accepts: 'certificates'},
} satisfies Record<string, Gateway>;

export async function startGateway(lab: Lab, name: keyof typeof gateways, posture: PostureName): Promise<void> {
	await runGateway(lab, name, posture, gateways[name]);
}

export type Splitter = {identity: PostureName; streams: PostureName};

/** It has the apiserver's certificate and key, and sends upgrades, logs and proxy requests to another apiserver than the rest. */
export async function startFrontProxy(lab: Lab, {identity, streams}: Splitter): Promise<void> {
	await startPosture(lab, streams);
	await runGateway(lab, 'front-proxy', identity, {port: 9448, by: 'cluster', accepts: 'certificates', asFrontProxy: true}, streams);
}

/**
Starts two gateways with the apiserver's certificate and key, `split-token-…` and `split-certificate-…`. They relay upgrades, logs and proxy
requests to `streams`, all other requests to `identity`. The second refuses SelfSubjectReview, which would name the certificate.
*/
export async function startSplitter(lab: Lab, {identity, streams}: Splitter): Promise<void> {
	await startPosture(lab, streams);
	const port = identity === 'good-direct' ? 9444 : 9446;
	const suffix = `${identity}-${streams}`;
	await runGateway(lab, `split-token-${suffix}`, identity, {port, by: 'cluster', accepts: 'tokens'}, streams);
	const refused = ['/apis/authentication.k8s.io/v1/selfsubjectreviews'];
	await runGateway(
		lab,
		`split-certificate-${suffix}`,
		identity,
		{port: port + 1, by: 'cluster', accepts: 'certificates', refused},
		streams,
	);
}

async function runGateway(
	lab: Lab,
	name: string,
	posture: PostureName,
	{port, by, accepts, prefix = '', closed = [], refused = [], asFrontProxy}: Gateway,
	streams = posture,
): Promise<void> {
	await startPosture(lab, posture);
	const host = controlPlaneAddress(lab);
	const ownCa = (await authority(lab, by)).cert;
	const settings: GatewaySettings = {
		host,
		port,
		prefix,
		refused,
		upstream: {host, port: portOf(posture)},
		streams: {host, port: portOf(streams)},
		serving: by === 'cluster' ? await apiserverServingPair(lab) : await signed(lab, 'gateway', by, {commonName: 'gateway', names: [host]}),
		client: {
			...(asFrontProxy
				? await frontProxyPair(lab)
				: await signed(lab, 'client-gateway', 'cluster', {commonName: 'gateway', groups: ['system:masters']})),
			ca: (await authority(lab, 'cluster')).cert,
		},
		...(asFrontProxy && {asFrontProxy}),
		...(accepts === 'certificates' && {userCa: ownCa}),
		users: Object.fromEntries(
			userNames.map(user => {
				const {commonName, ...more} = users[user];
				const groups = ['groups' in more ? more.groups : [], 'system:authenticated'].flat();
				return [accepts === 'tokens' ? `token-of-${user}` : commonName, {user: commonName, groups, closed: user === 'plain' ? closed : []}];
			}),
		),
	};
	const file = await writeConfiguration(lab, `${name}-to-${posture}.json`, settings);
	await startDaemon(lab, name, [process.execPath, fileURLToPath(new URL('gateway.ts', import.meta.url)), file]);
	if (!(await findDaemon(lab, name))?.command.includes(file)) {
		throw new Error(`the ${name} of this lab relays to another posture than ${posture}`);
	}

	await waitForPort(name, host, port);
	for (const user of userNames) {
		await writeKubeconfig(lab, {
			name: `${name}-${user}`,
			server: `https://${host}:${port}${prefix}`,
			subject: users[user],
			...(accepts === 'tokens' ? {token: `token-of-${user}`} : {certificate: `${by}-${user}`, by}),
			namespace,
			caFile: ownCa,
		});
	}
}

const portOf = (posture: PostureName) => 6443 + postureOf(posture).portOffset;
