/** Which sandboxes can be started by name: `spoke demo --scenario NAME`. */
import type {ObjectStore} from '../objects/object-store.ts';
import type {SwitchValues} from '../switches.ts';
import {createShopWorkloads} from './shop-workloads.ts';

export type ScenarioSpec = {name: string; description: string; switches: Partial<SwitchValues>; createWorkloads(store: ObjectStore): void};

export const scenarios = [
	{
		name: 'default',
		description: 'kubelets unverified and reached directly, as Kubernetes is by default',
		switches: {},
		createWorkloads: createShopWorkloads,
	},
	{
		name: 'verified',
		description: 'kubelet certificates are checked',
		switches: {verification: 'good'},
		createWorkloads: createShopWorkloads,
	},
	{
		name: 'konnectivity',
		description: 'nodes are reached through agents that dial out',
		switches: {route: 'konnectivity'},
		createWorkloads: createShopWorkloads,
	},
	{
		name: 'http-connect',
		description: 'nodes are reached through an HTTP CONNECT egress proxy',
		switches: {route: 'http-connect', verification: 'good'},
		createWorkloads: createShopWorkloads,
	},
	{
		name: 'ssh-tunnels',
		description: 'history: an apiserver from before 1.22 with SSH tunnels',
		switches: {route: 'ssh'},
		createWorkloads: createShopWorkloads,
	},
	{
		name: 'refused',
		description: 'kubelet certificates are checked and do not fit: the second leg fails',
		switches: {verification: 'bad'},
		createWorkloads: createShopWorkloads,
	},
	{
		name: 'agents-gone',
		description: 'Konnectivity’s shape with all agents gone',
		switches: {route: 'konnectivity', agents: 'gone'},
		createWorkloads: createShopWorkloads,
	},
] as const satisfies readonly ScenarioSpec[];

export type ScenarioName = (typeof scenarios)[number]['name'];
