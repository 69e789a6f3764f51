/** Starts a small cluster in this process: real sockets on loopback for every leg, keys in memory, gone with the process. */
import {randomBytes} from 'node:crypto';
import {SpokeError} from '../errors/spoke-error.ts';
import {users, type UserName} from './apiserver/users.ts';
import {createIssuer, type Issuer} from './certificates/issuer.ts';
import {programsByImage} from './containers/programs.ts';
import {ControlPlane} from './control-plane.ts';
import {startControllers} from './controllers/controller-loop.ts';
import {makeKubeconfig, type Credentials} from './kubeconfig.ts';
import {apiserverIdentity} from './kubelet/kubelet-access.ts';
import {makeAddressPlan} from './network/address-plan.ts';
import {FaultyLink} from './network/faulty-link.ts';
import {nodeNames, startNodes} from './nodes.ts';
import {ObjectStore} from './objects/object-store.ts';
import type {Sandbox, SandboxEvent, SandboxOptions} from './sandbox.ts';
import {makeFaults} from './sandbox-faults.ts';
import {SandboxSwitches} from './sandbox-switches.ts';
import {createBaseObjects} from './scenarios/base-objects.ts';
import {scenarios, type ScenarioSpec} from './scenarios/scenarios.ts';
import {agentImage} from './tunnels/agent-pods.ts';
import {Tunnels} from './tunnels/tunnels.ts';

/**
Resolves when the apiserver answers and the workloads run.
@throws SpokeError ERR_USAGE for an unknown scenario, ERR_PORT_IN_USE for a port that is taken
*/
export async function startSandbox({scenario = 'default', port = 0, signal}: SandboxOptions = {}): Promise<Sandbox> {
	const row = scenarioOf(scenario);
	const [issuer, plan] = await Promise.all([createIssuer('spoke-sandbox-ca'), makeAddressPlan()]);
	const store = new ObjectStore();
	const wire = new FaultyLink();
	const tunnels = new Tunnels(
		plan,
		issuer,
		nodeNames.map((_, index) => plan.nodeAddress(index)),
	);
	const [{serving, kubeletClient}, credentials] = await Promise.all([makeApiserverKeys(issuer), makeCredentials(issuer)]);
	const posture = {verification: row.switches.verification ?? 'off', route: row.switches.route ?? 'direct'} as const;
	createBaseObjects(store, issuer.authority);
	const kubelets = await startNodes(
		{store, plan, issuer, findProgram: programsByImage(async host => issuer.selfSigned(host), {[agentImage]: tunnels.agentProgram()})},
		posture,
	);
	const tokens = new Map([...credentials].flatMap(([name, own]) => ('token' in own ? [[own.token, name] as const] : [])));
	const controlPlane = new ControlPlane({store, authority: issuer.authority, kubeletClient, serving, tokens, wire, tunnels});
	row.createWorkloads(store);
	const stopControllers = startControllers(store);
	const close = async () => {
		stopControllers();
		await controlPlane.stop();
		await Promise.all(kubelets.map(async kubelet => kubelet.stop()));
	};

	try {
		await controlPlane.start(posture, port);
	} catch (error) {
		await close();
		throw portFailure(error as NodeJS.ErrnoException, port);
	}

	const events = new Events();
	const parts = {store, wire, kubelets, controlPlane, tunnels, tell: events.tell};
	const switches = new SandboxSwitches(parts, posture);
	await switches.set(row.switches);
	const server = `https://127.0.0.1:${controlPlane.apiserver.port}`;
	signal?.addEventListener('abort', close, {once: true});
	if (signal?.aborted) {
		await close();
	}

	return {
		server,
		switches,
		close,
		kubeconfig: (user: UserName = 'admin') => makeKubeconfig(server, issuer.authority, credentials, user),
		faults: makeFaults(parts),
		onEvent: events.on,
	};
}

/** @throws SpokeError ERR_USAGE */
function scenarioOf(scenario: string): ScenarioSpec {
	const row = scenarios.find(({name}) => name === scenario);
	if (!row) {
		throw new SpokeError('ERR_USAGE', `unknown scenario: ${scenario}`, {remedy: `one of ${scenarios.map(({name}) => name).join(', ')}`});
	}

	return row;
}

class Events {
	readonly #listeners = new Set<(event: SandboxEvent) => void>();

	readonly tell = (what: string): void => {
		for (const listener of this.#listeners) {
			listener({time: new Date().toISOString(), what});
		}
	};

	/** Returns a function that ends it. */
	readonly on = (listener: (event: SandboxEvent) => void): (() => void) => {
		this.#listeners.add(listener);
		return () => void this.#listeners.delete(listener);
	};
}

/** What an apiserver shows to users, and what it shows to kubelets. */
async function makeApiserverKeys(issuer: Issuer) {
	const [serving, kubeletClient] = await Promise.all([
		issuer.issue({
			subject: 'CN=kube-apiserver',
			use: 'server',
			names: ['127.0.0.1', 'localhost', '10.96.0.1', 'kubernetes', 'kubernetes.default', 'kubernetes.default.svc'],
		}),
		issuer.issue({subject: `CN=${apiserverIdentity}, O=system:masters`, use: 'client'}),
	]);
	return {serving, kubeletClient};
}

async function makeCredentials(issuer: Issuer): Promise<Credentials> {
	return new Map(
		await Promise.all(
			users.map(
				async ({name, groups, by}) =>
					[
						name,
						by === 'token'
							? {token: randomBytes(24).toString('base64url')}
							: {pair: await issuer.issue({subject: [`CN=${name}`, ...groups.map(group => `O=${group}`)].join(', '), use: 'client'})},
					] as const,
			),
		),
	);
}

function portFailure(error: NodeJS.ErrnoException, port: number): unknown {
	return error.code === 'EADDRINUSE' || error.code === 'EACCES'
		? new SpokeError('ERR_PORT_IN_USE', `port ${port} ${error.code === 'EACCES' ? 'may not be used' : 'is in use'} on 127.0.0.1`, {
				remedy: 'choose another --port, or leave it out for a free one',
				cause: error,
			})
		: error;
}
