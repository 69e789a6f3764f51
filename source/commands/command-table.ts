/** All commands. The code of a command is loaded only when it runs. */
import type {Command, CommandSpec} from './command.ts';
import {attachSpec} from './attach/spec.ts';
import {auditSpec} from './audit/spec.ts';
import {doctorSpec} from './doctor/spec.ts';
import {demoSpec} from './demo/spec.ts';
import {debugSpec} from './debug/spec.ts';
import {execSpec} from './exec/spec.ts';
import {forwardsSpec} from './forwards/spec.ts';
import {proxySpec} from './proxy/spec.ts';
import {cpSpec} from './cp/spec.ts';
import {completionSpec} from './completion/spec.ts';
import {keysSpec} from './keys/spec.ts';
import {sessionSpec} from './session/spec.ts';
import {policySpec} from './policy/spec.ts';
import {themeSpec} from './theme/spec.ts';
import {tailSpec} from './tail/spec.ts';
import {logsSpec} from './logs/spec.ts';
import {portForwardSpec} from './port-forward/spec.ts';
import {mcpSpec} from './mcp/spec.ts';
import {pathSpec} from './path/spec.ts';
import {verifySpec} from './verify/spec.ts';
import {schemaSpec} from './schema/spec.ts';
import {versionSpec} from './version/spec.ts';

type CommandEntry = {spec: CommandSpec; load: () => Promise<{command: Command}>};

/** In the order that help lists them. */
export const commandTable: readonly CommandEntry[] = [
	{spec: sessionSpec, load: async () => import('./session/run.ts')},
	{spec: tailSpec, load: async () => import('./tail/run.ts')},
	{spec: logsSpec, load: async () => import('./logs/run.ts')},
	{spec: execSpec, load: async () => import('./exec/run.ts')},
	{spec: attachSpec, load: async () => import('./attach/run.ts')},
	{spec: cpSpec, load: async () => import('./cp/run.ts')},
	{spec: pathSpec, load: async () => import('./path/run.ts')},
	{spec: auditSpec, load: async () => import('./audit/run.ts')},
	{spec: doctorSpec, load: async () => import('./doctor/run.ts')},
	{spec: portForwardSpec, load: async () => import('./port-forward/run.ts')},
	{spec: forwardsSpec, load: async () => import('./forwards/run.ts')},
	{spec: mcpSpec, load: async () => import('./mcp/run.ts')},
	{spec: demoSpec, load: async () => import('./demo/run.ts')},
	{spec: debugSpec, load: async () => import('./debug/run.ts')},
	{spec: proxySpec, load: async () => import('./proxy/run.ts')},
	{spec: keysSpec, load: async () => import('./keys/run.ts')},
	{spec: policySpec, load: async () => import('./policy/run.ts')},
	{spec: verifySpec, load: async () => import('./verify/run.ts')},
	{spec: themeSpec, load: async () => import('./theme/run.ts')},
	{spec: completionSpec, load: async () => import('./completion/run.ts')},
	{spec: schemaSpec, load: async () => import('./schema/run.ts')},
	{spec: versionSpec, load: async () => import('./version/run.ts')},
];
