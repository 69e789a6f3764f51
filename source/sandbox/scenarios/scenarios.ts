/** Scenarios that `spoke demo --scenario NAME` starts. */
import type {ObjectStore} from '../objects/object-store.ts';
import type {SwitchValues} from '../switches.ts';
import {createShopWorkloads} from './shop-workloads.ts';

export type ScenarioSpec = {name: string; description: string; switches: Partial<SwitchValues>; createWorkloads(store: ObjectStore): void};

export const scenarios = [
	{
		name: 'default',
		description: 'unverified kubelets on the direct route, the default of Kubernetes',
		switches: {},
		createWorkloads: createShopWorkloads,
	},
	{
		name: 'verified',
		description: 'kubelet certificates are verified',
		switches: {verification: 'good'},
		createWorkloads: createShopWorkloads,
	},
	{
		name: 'konnectivity',
		description: 'nodes are reached through Konnectivity agents',
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
		description: 'SSH tunnels, as before Kubernetes 1.22',
		switches: {route: 'ssh'},
		createWorkloads: createShopWorkloads,
	},
	{
		name: 'refused',
		description: 'the apiserver rejects the kubelet certificates: leg 2 fails',
		switches: {verification: 'bad'},
		createWorkloads: createShopWorkloads,
	},
	{
		name: 'agents-gone',
		description: 'Konnectivity without any running agent',
		switches: {route: 'konnectivity', agents: 'gone'},
		createWorkloads: createShopWorkloads,
	},
] as const satisfies readonly ScenarioSpec[];

export type ScenarioName = (typeof scenarios)[number]['name'];
