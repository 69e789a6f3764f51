/** Which subcommands exist: their rows, and how each is loaded. Rows are data; nothing of a command is loaded before it is run. */
import type {Command, CommandSpec} from './command.ts';
import {attachSpec} from './attach/spec.ts';
import {auditSpec} from './audit/spec.ts';
import {doctorSpec} from './doctor/spec.ts';
import {demoSpec} from './demo/spec.ts';
import {debugSpec} from './debug/spec.ts';
import {execSpec} from './exec/spec.ts';
import {proxySpec} from './proxy/spec.ts';
import {completionSpec} from './completion/spec.ts';
import {keysSpec} from './keys/spec.ts';
import {sessionSpec} from './session/spec.ts';
import {tailSpec} from './tail/spec.ts';
import {logsSpec} from './logs/spec.ts';
import {portForwardSpec} from './port-forward/spec.ts';
import {pathSpec} from './path/spec.ts';
import {schemaRow} from './schema/spec.ts';
import {versionRow} from './version/spec.ts';

type Entry = {row: CommandSpec; load: () => Promise<{command: Command<any>}>};

/** In the order of help. */
export const commandTable: readonly Entry[] = [
	{row: sessionSpec, load: async () => import('./session/run.ts')},
	{row: tailSpec, load: async () => import('./tail/run.ts')},
	{row: logsSpec, load: async () => import('./logs/run.ts')},
	{row: execSpec, load: async () => import('./exec/run.ts')},
	{row: attachSpec, load: async () => import('./attach/run.ts')},
	{row: pathSpec, load: async () => import('./path/run.ts')},
	{row: auditSpec, load: async () => import('./audit/run.ts')},
	{row: doctorSpec, load: async () => import('./doctor/run.ts')},
	{row: portForwardSpec, load: async () => import('./port-forward/run.ts')},
	{row: demoSpec, load: async () => import('./demo/run.ts')},
	{row: debugSpec, load: async () => import('./debug/run.ts')},
	{row: proxySpec, load: async () => import('./proxy/run.ts')},
	{row: keysSpec, load: async () => import('./keys/run.ts')},
	{row: completionSpec, load: async () => import('./completion/run.ts')},
	{row: schemaRow, load: async () => import('./schema/run.ts')},
	{row: versionRow, load: async () => import('./version/run.ts')},
];
