/** Which sandboxes can be started by name: `spoke demo --scenario NAME`. */
import type {ObjectStore} from '../objects/object-store.ts';
import type {SwitchValues} from '../switch-rows.ts';
import {createShopWorkloads} from './shop-workloads.ts';

export type ScenarioRow = {name: string; says: string; switches: Partial<SwitchValues>; createWorkloads(store: ObjectStore): void};

export const scenarioRows = [
	{name: 'default', says: 'kubelets unverified and reached directly, as Kubernetes is by default', switches: {}, createWorkloads: createShopWorkloads},
	{name: 'verified', says: 'kubelet certificates are checked', switches: {verification: 'good'}, createWorkloads: createShopWorkloads},
	{name: 'konnectivity', says: 'nodes are reached through agents that dial out', switches: {route: 'konnectivity'}, createWorkloads: createShopWorkloads},
	{name: 'http-connect', says: 'nodes are reached through an HTTP CONNECT egress proxy', switches: {route: 'http-connect', verification: 'good'}, createWorkloads: createShopWorkloads},
	{name: 'ssh-tunnels', says: 'history: an apiserver from before 1.22 with SSH tunnels', switches: {route: 'ssh'}, createWorkloads: createShopWorkloads},
	{name: 'refused', says: 'kubelet certificates are checked and do not fit: the second leg fails', switches: {verification: 'bad'}, createWorkloads: createShopWorkloads},
	{name: 'agents-gone', says: 'Konnectivity’s shape with all agents gone', switches: {route: 'konnectivity', agents: 'gone'}, createWorkloads: createShopWorkloads},
] as const satisfies readonly ScenarioRow[];

export type ScenarioName = (typeof scenarioRows)[number]['name'];
